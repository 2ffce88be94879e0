import assert from "node:assert/strict";
import { checkClaims, claim, claimsOf, describeCheck, loadClaims, seedNames } from "lib/claims/mod.ts";
import { parseClaims } from "lib/claims/ledger.ts";
import { nearest } from "lib/claims/nearest.ts";
import { record, type Unanswered } from "lib/record/mod.ts";

const parameters = (id: string, claims: string[], fields = {}) =>
  record({ id, quantity: "parameters", value: 296000, unit: "count", claims, ...fields });
const reason = (id: string): Unanswered => ({ claim: id, reason: "judgement", note: "" });

Deno.test("loadClaims reads the whole ledger, once", () => {
  const claims = loadClaims();
  assert.equal(claims.size, 556);
  assert.equal(loadClaims(), claims);
  const counts = Object.fromEntries(seedNames().map((seed) => [seed, claimsOf(seed).length]));
  assert.deepEqual(counts, { ln: 138, lnsp: 111, mlx: 77, cbi: 163, lora: 67 });
});

Deno.test("claim gives a claim with its fields", () => {
  const { seed, quantity, value, unit, kind, consistent } = claim("lnsp-bottleneck-256-params");
  assert.deepEqual([seed, quantity, value, unit, kind, consistent], [
    "lnsp",
    "parameters",
    545000,
    "count",
    "arithmetic",
    false,
  ]);
});

Deno.test("claim refuses an unknown id with the nearest one", () => {
  assert.throws(() => claim("lnsp-bottelneck-256-params"), {
    name: "RangeError",
    message: 'Cannot find claim "lnsp-bottelneck-256-params": did you mean "lnsp-bottleneck-256-params"?',
  });
  assert.throws(() => claim(""), /did you mean/);
});

Deno.test("claimsOf refuses a document that does not exist, and does not take one for another", () => {
  assert.throws(() => claimsOf("lns"), { name: "RangeError", message: /expected one of ln, lnsp, mlx, cbi, lora/ });
  assert.ok(claimsOf("ln").every(({ id }) => !id.startsWith("lnsp-")));
  const order = [...loadClaims().keys()];
  const positions = claimsOf("lnsp").map(({ id }) => order.indexOf(id));
  assert.deepEqual(positions, positions.toSorted((a, b) => a - b));
});

Deno.test("checkClaims accepts a report that settles every claim once", () => {
  const [first, second, ...rest] = claimsOf("lora").map(({ id }) => id);
  const answer = (id: string) => parameters(id, [id], { unit: claim(id).unit ?? "" });
  const check = checkClaims([answer(first), answer(second)], rest.map(reason), "lora");
  assert.deepEqual(check, { unknown: [], answeredTwice: [], missing: [], unitMismatch: [] });
  assert.deepEqual(describeCheck(check), []);
});

Deno.test("checkClaims names unknown claims, double answers, gaps and wrong units", () => {
  const records = [
    parameters("a", ["lnsp-bottleneck-256-params", "lnsp-botleneck-320-params"]),
    parameters("b", ["lnsp-bottleneck-256-params", "lnsp-bottleneck-256-size"]),
    parameters("c", ["lnsp-bottleneck-512-params"]),
  ];
  const unanswered = [reason("lnsp-bottleneck-512-params"), reason("nothing-like-it")];
  const check = checkClaims(records, unanswered, "lnsp");
  assert.deepEqual(check.unknown.map(({ claim, by }) => [claim, by]), [
    ["lnsp-botleneck-320-params", "a"],
    ["nothing-like-it", "unanswered"],
  ]);
  assert.equal(check.unknown[0].suggestion, "lnsp-bottleneck-320-params");
  assert.deepEqual(check.answeredTwice, [
    { claim: "lnsp-bottleneck-256-params", by: ["a", "b"] },
    { claim: "lnsp-bottleneck-512-params", by: ["c", "unanswered"] },
  ]);
  assert.deepEqual(check.unitMismatch, [
    { claim: "lnsp-bottleneck-256-size", record: "b", expected: "MB", got: "count" },
  ]);
  assert.equal(check.missing.length, 111 - 3);
  assert.ok(check.missing.includes("lnsp-bottleneck-320-params"));
  const sentences = describeCheck(check);
  assert.equal(sentences.length, 2 + 2 + 108 + 1);
  assert.ok(sentences.includes("lnsp-bottleneck-256-size: expected MB, got count in b"));
});

Deno.test("checkClaims without a document misses nothing, and takes a verdict in any unit", () => {
  const verdict = parameters("verdict", ["lnsp-bottleneck-256-size"], { value: false, unit: "" });
  assert.deepEqual(checkClaims([verdict], [], null), { unknown: [], answeredTwice: [], missing: [], unitMismatch: [] });
  assert.throws(() => checkClaims([], [], "typo"), RangeError);
});

Deno.test("parseClaims refuses a ledger with a fault, naming the claim", () => {
  const good = claim("lnsp-bottleneck-256-params");
  const ledger = (...claims: object[]) => JSON.stringify(claims);
  const faults: [string, RegExp][] = [
    [ledger({ ...good, kind: "guess" }), /Cannot read claim lnsp-bottleneck-256-params: kind: /],
    [ledger({ ...good, inputs: [], extra: 1 }), /extra/],
    [ledger({ ...good, value: [1, 2, 3] }), /value/],
    [ledger({ ...good, inputs: ["lnsp-nowhere"] }), /expected inputs that are claims, got "lnsp-nowhere"/],
    [ledger({ ...good, inputs: [] }, { ...good, inputs: [] }), /each id once/],
    [ledger({ ...good, inputs: [], seed: "ln" }), /begins with "ln-"/],
    [ledger({}), /claim number 0: id/],
    ["{}", /expected an array/],
  ];
  for (const [text, message] of faults) assert.throws(() => parseClaims(text), { name: "RangeError", message });
  assert.throws(() => parseClaims("["), SyntaxError);
  assert.equal(parseClaims(ledger({ ...good, inputs: ["= 1154*S + 576"] })).size, 1);
});

Deno.test("nearest counts insertions, deletions and replacements", () => {
  assert.equal(nearest("kitten", ["sitting", "mitten", "kit"]), "mitten");
  assert.equal(nearest("abc", ["xyz", "abcd"]), "abcd");
  assert.equal(nearest("same", ["other", "same"]), "same");
});
