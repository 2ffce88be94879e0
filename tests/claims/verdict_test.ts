import assert from "node:assert/strict";
import { checkClaims, judgeClaim } from "lib/claims/mod.ts";
import { record, type ResultRecord } from "lib/record/mod.ts";

const found = (value: ResultRecord["value"], fields: Partial<ResultRecord> = {}) =>
  record({ id: "found", quantity: "found", value, unit: "count", ...fields });
const interval = (low: number, high: number) => ({ interval: { low, high, confidence: 0.95, method: "test" } });

Deno.test("a number holds within the tolerance, and a range when the value is inside", () => {
  assert.equal(judgeClaim("ln-total-parameters", found(397_440)), "holds");
  assert.equal(judgeClaim("ln-total-parameters", found(430_000)), "holds");
  assert.equal(judgeClaim("ln-total-parameters", found(430_000), { tolerance: 0 }), "does not hold");
  assert.equal(judgeClaim("ln-scale-1000-epochs", found(23)), "holds");
  assert.equal(judgeClaim("ln-scale-1000-epochs", found(17)), "does not hold");
});

Deno.test("bounds are one-sided", () => {
  assert.equal(judgeClaim("ln-model-loading-memory", found(20, { unit: "MB" })), "holds");
  assert.equal(judgeClaim("ln-model-loading-memory", found(501, { unit: "MB" })), "does not hold");
  assert.equal(judgeClaim("ln-resource-efficiency", found(57, { unit: "x" })), "does not hold");
  assert.equal(judgeClaim("ln-concurrency-estimate", found(1000)), "holds");
});

Deno.test("an interval that reaches the claim decides nothing", () => {
  const rate = (value: number, low: number, high: number) => found(value, { unit: "%", ...interval(low, high) });
  assert.equal(judgeClaim("ln-student-3-pass-rate", rate(50, 30, 70)), "no difference shown");
  assert.equal(judgeClaim("ln-student-3-pass-rate", rate(20, 10, 40)), "does not hold");
});

Deno.test("times and rates of another machine are not judged, missing values and sentences neither", () => {
  assert.equal(judgeClaim("ln-teacher-time", found(6.1, { unit: "ms" })), "other machine");
  assert.equal(judgeClaim("ln-student-1-throughput", found(1, { unit: "embeddings/s" })), "other machine");
  assert.equal(judgeClaim("ln-teacher-time", found(null, { unit: "ms", note: "none" })), "open");
  assert.equal(judgeClaim("ln-formula-training-time", found("samples", { unit: "" })), "see text");
  assert.equal(judgeClaim("ln-timing-consistency", found(0.1, { unit: "1" })), "see text");
  assert.equal(judgeClaim("ln-sub-millisecond", found(true, { unit: "" })), "holds");
  assert.equal(judgeClaim("ln-sub-millisecond", found(false, { unit: "" })), "does not hold");
});

Deno.test("a claim in words is judged by the figure that it means", () => {
  const exponent = found(0.95, { unit: "1" });
  assert.equal(judgeClaim("ln-training-linear-scaling", exponent), "see text");
  assert.equal(judgeClaim("ln-training-linear-scaling", exponent, { meant: 1 }), "holds");
  assert.equal(judgeClaim("ln-training-linear-scaling", found(0.5, { unit: "1" }), { meant: 1 }), "does not hold");
});

Deno.test("judgeClaim refuses unknown claims and tolerances", () => {
  assert.throws(() => judgeClaim("ln-total-parameter", found(1)), /did you mean "ln-total-parameters"/);
  assert.throws(
    () => judgeClaim("ln-total-parameters", found(1), { tolerance: 1 }),
    /tolerance from 0 to below 1, got 1/,
  );
});

Deno.test("a record in another unit of the same quantity is converted, one of another quantity refused", () => {
  assert.equal(judgeClaim("ln-model-loading-memory", found(0.02, { unit: "GB" })), "holds");
  assert.equal(judgeClaim("ln-model-loading-memory", found(0.6, { unit: "GB" })), "does not hold");
  assert.equal(judgeClaim("ln-student-3-pass-rate", found(0.7, { unit: "1" })), "holds");
  assert.throws(() => judgeClaim("ln-model-loading-memory", found(20, { unit: "ms" })), {
    name: "RangeError",
    message: "Cannot compare with claim ln-model-loading-memory: expected MB (memory), got ms (time)",
  });
  const converted = record({ id: "a", quantity: "q", value: 1.5e6, unit: "bytes", claims: ["ln-checkpoint-size"] });
  assert.deepEqual(checkClaims([converted], [], null).unitMismatch, []);
});
