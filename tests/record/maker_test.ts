import assert from "node:assert/strict";
import { type MachineFacts, recordMaker } from "../../lib/record/mod.ts";

const make = recordMaker({
  machine: { id: "m1" } as MachineFacts,
  source: "notebook",
  inputs: ["hash"],
  rerun: "again",
});

Deno.test("recordMaker says once what the records of a run share", () => {
  const { quantity, machine, kind, provenance, n, value } = make.measured("a.b.timeMs", 3, "ms");
  assert.deepEqual({ quantity, machine, kind, n, value }, {
    quantity: "timeMs",
    machine: "m1",
    kind: "measured",
    n: 1,
    value: 3,
  });
  assert.deepEqual(provenance, { source: "notebook", inputs: ["hash"], rerun: "again" });
});

Deno.test("recordMaker takes n and interval from an estimate", () => {
  const interval = { low: 1, high: 3, confidence: 0.95, method: "bootstrap" };
  const made = make.measured("a.timeMs", { value: 2, n: 7, interval }, "ms");
  assert.deepEqual([made.value, made.n, made.interval], [2, 7, interval]);
});

Deno.test("recordMaker ties computed values to no machine and derived ones to this one", () => {
  assert.equal(make.computed("parameters", 5, "count").machine, "any");
  assert.deepEqual([make.derived("ratio", true, "").kind, make.derived("ratio", true, "").machine], ["derived", "m1"]);
});

Deno.test("recordMaker wants a reason for what is missing", () => {
  const made = make.missing("a.timeMs", "ms", { note: "not run", claims: ["c"] });
  assert.deepEqual([made.value, made.n, made.note, made.claims], [null, 0, "not run", ["c"]]);
  assert.throws(() => make.missing("a.timeMs", "ms", { note: "" }), /note/);
  assert.throws(() => make.measured("a.timeMs", NaN, "ms"), /a finite number/);
});
