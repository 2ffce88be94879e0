import assert from "node:assert/strict";
import { claimedRecord, claimedStatement } from "../../lib/claims/mod.ts";

Deno.test("claimedRecord quotes the figure and answers nothing", () => {
  const { value, unit, kind, claims, machine } = claimedRecord("lnsp-square-4096-params");
  assert.deepEqual({ value, unit, kind, claims, machine }, {
    value: 67_100_000,
    unit: "count",
    kind: "claimed",
    claims: [],
    machine: "any",
  });
});

Deno.test("claimedStatement quotes the sentence", () => {
  assert.equal(claimedStatement("lnsp-512-ratio").value, "Width 512 has 2x the parameters of 256");
});

Deno.test("claimedRecord suggests the nearest id", () => {
  assert.throws(() => claimedRecord("lnsp-512-ration"), /did you mean "lnsp-512-ratio"/);
});
