import assert from "node:assert/strict";
import { loadClaims } from "lib/claims/mod.ts";
import { evaluateExpression } from "lib/claims/audit/expression.ts";
import { evaluateOwnFormula, halfUnit, recomputableClaims, recompute } from "lib/claims/audit/recompute.ts";

const arithmetic = [...loadClaims().values()].filter(({ kind }) => kind === "arithmetic");

Deno.test("every arithmetic claim has a formula, and no other claim has one", () => {
  assert.deepEqual(recomputableClaims().sort(), arithmetic.map(({ id }) => id).sort());
});

Deno.test("the formulas give what the ledger states, to its six digits", () => {
  const close = (ours: number, stated: number) => Math.abs(ours - stated) <= 1e-5 * Math.abs(stated);
  const wrong = arithmetic.flatMap(({ id, recomputed }) => {
    const { value } = recompute(id)!;
    const [ours, stated] = [[value].flat(), [recomputed].flat()];
    const fine = ours.length === stated.length &&
      ours.every((number, i) => typeof number === "string" ? number === stated[i] : close(number, Number(stated[i])));
    return fine ? [] : [`${id}: ${ours} is not ${stated}`];
  });
  assert.deepEqual(wrong, []);
});

Deno.test("the formulas agree with a claim exactly where the ledger says so", () => {
  const wrong = arithmetic.filter(({ id, consistent }) => recompute(id)!.agrees !== consistent);
  assert.deepEqual(wrong.map(({ id, consistent }) => `${id}: ledger ${consistent}`), []);
});

Deno.test("formulas of formulas are compared as functions, by the text of the claim and of the ledger", () => {
  const symbolic = arithmetic.filter(({ value }) => typeof value === "string");
  assert.equal(symbolic.length, 10);
  const variables = (name: string) =>
    ({ S: 256, timedBatches: 100, batchSize: 32, meanMs: 7, meanSeconds: 0.5, size0: 11, size1: 11, n: 11 })[name] ?? 3;
  for (const { id, recomputed } of symbolic) {
    const stated = evaluateExpression(String(recomputed), variables);
    assert.ok(Math.abs(evaluateOwnFormula(id, variables) - stated) <= 1e-9 * stated, id);
  }
});

Deno.test("evaluateExpression reads what documents print, and refuses the rest", () => {
  const variables = (name: string) => ({ S: 10, "len(dataset)": 5 })[name] ?? NaN;
  assert.equal(evaluateExpression("(384+192)*S + (2*S - 6) / 2", variables), 5767);
  assert.equal(evaluateExpression("2^3^2 / len(dataset)", variables), 102.4);
  for (const text of ["", "2 *", "(1 + 2", "1 2", "S $ 2", "f(1)"]) {
    assert.throws(() => evaluateExpression(text, variables), RangeError, text);
  }
});

Deno.test("half a unit of the last place, with zeros at the end of long numbers taken for rounding", () => {
  const halves = [0.9, 6.11, 100, 217_000, 1638, 1e-5, 67_099_999.99999999].map(halfUnit);
  assert.deepEqual(halves.map((half) => Number(half.toPrecision(6))), [0.05, 0.005, 0.5, 500, 0.5, 5e-6, 50_000]);
});

Deno.test("recompute knows no claim that follows from nothing, and refuses an unknown one", () => {
  assert.equal(recompute("ln-teacher-time"), null);
  assert.throws(() => recompute("ln-teacher-tine"), /did you mean "ln-teacher-time"/);
  assert.deepEqual(recompute("cbi-v100-ratio")!.inputs, ["cbi-cloud-v100-train", "cbi-cloud-m4-train"]);
});
