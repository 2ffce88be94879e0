// The rule of recommendations: what may be chosen, what must be shown, and who wins a tie.

import assert from "node:assert/strict";
import { type Candidate, recommend } from "lib/bench/subjects/recommendation.ts";

const known = (value: number, spread = 0.02) => ({
  value,
  interval: { low: value * (1 - spread), high: value * (1 + spread) },
});
const reasonOf = (candidates: Candidate[], name: string) =>
  recommend(candidates).reasons.find((one) => one.name === name)!.reason;

Deno.test("the least cost is chosen where a difference is shown", () => {
  const candidates = [
    { name: "plain", cost: known(10) },
    { name: "int8", cost: known(4), errorRatio: known(1.0, 0.001) },
    { name: "fp16", cost: known(12), errorRatio: known(1.0, 0.001) },
  ];
  assert.equal(recommend(candidates).chosen, "int8");
  assert.match(reasonOf(candidates, "plain"), /costs more than int8/);
  assert.match(reasonOf(candidates, "int8"), /least cost/);
});

Deno.test("a simpler candidate is chosen where no difference is shown", () => {
  const candidates = [{ name: "plain", cost: known(10, 0.1) }, { name: "fused", cost: known(9.5, 0.1) }];
  assert.equal(recommend(candidates).chosen, "plain");
  assert.match(reasonOf(candidates, "plain"), /simplest from which fused shows no difference/);
  assert.match(reasonOf(candidates, "fused"), /no difference from plain/);
  assert.equal(recommend(candidates.toReversed()).chosen, "fused");
});

Deno.test("what was not measured, or may forecast worse, is left out whatever it costs", () => {
  const candidates: Candidate[] = [
    { name: "plain", cost: known(10) },
    { name: "absent", cost: null, note: "no such provider" },
    { name: "wrong", cost: known(1), errorRatio: known(1.5, 0.001) },
    { name: "unsure", cost: known(1), errorRatio: { value: 1, interval: { low: 0.9, high: 1.1 } } },
    { name: "unknown", cost: known(1), errorRatio: null },
    { name: "better", cost: known(5), errorRatio: { value: 0.8, interval: { low: 0.7, high: 0.9 } } },
  ];
  assert.equal(recommend(candidates).chosen, "better");
  assert.equal(reasonOf(candidates, "absent"), "left out: no such provider");
  for (const name of ["wrong", "unsure"]) assert.match(reasonOf(candidates, name), /is not shown/);
  assert.match(reasonOf(candidates, "unknown"), /not known/);
  assert.equal(recommend(candidates, { largestErrorRatio: 1.2 }).chosen, "unsure");
});

Deno.test("one that is left alone is chosen unless a simpler one was measured with doubt", () => {
  const left = { name: "on", cost: known(10) };
  const absent = { name: "elsewhere", cost: null, note: "absent" };
  const doubtful = { name: "off", cost: null, note: "INVALID", isDoubtful: true };
  assert.equal(recommend([absent, left]).chosen, "on");
  assert.equal(recommend([left, doubtful]).chosen, "on");
  assert.match(reasonOf([left, doubtful], "on"), /^chosen: the only one that is left$/);
  assert.equal(recommend([doubtful, left]).chosen, null);
  assert.match(reasonOf([doubtful, left], "on"), /a simpler one was measured with doubt/);
  assert.equal(recommend([doubtful, left, { name: "more", cost: known(20) }]).chosen, "on");
});

Deno.test("costs without intervals are compared as they are, and nothing left is nothing chosen", () => {
  const exact = (value: number) => ({ value, interval: null });
  assert.equal(recommend([{ name: "a", cost: exact(2) }, { name: "b", cost: exact(1) }]).chosen, "b");
  assert.equal(recommend([{ name: "a", cost: exact(1) }, { name: "b", cost: exact(1) }]).chosen, "a");
  const none = recommend([{ name: "a", cost: null }]);
  assert.deepEqual(none, { chosen: null, reasons: [{ name: "a", reason: "left out: not measured" }] });
});

Deno.test("a rule over nothing, or over one name twice, is refused", () => {
  assert.throws(() => recommend([]), /at least one candidate/);
  assert.throws(() => recommend([{ name: "a", cost: null }, { name: "a", cost: null }]), /got a twice/);
});
