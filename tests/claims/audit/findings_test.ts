import assert from "node:assert/strict";
import { auditClaims, auditRecords, findings, rankFindings, recompute } from "lib/claims/audit/mod.ts";
import { claim, loadClaims } from "lib/claims/mod.ts";
import { belongsToMachine, isOfClaimsClass, machineClass } from "lib/claims/audit/machine_class.ts";
import { MEANINGS } from "lib/claims/audit/meanings.ts";
import { epyc, m4Pro, results } from "./results_examples.ts";

const failing = [...loadClaims().values()].filter(({ consistent }) => consistent === false).map(({ id }) => id);

Deno.test("every claim that does not add up belongs to a finding, and findings name claims that there are", () => {
  const told = findings().flatMap(({ claims }) => claims);
  assert.deepEqual(failing.filter((id) => !told.includes(id)), []);
  assert.deepEqual(told.filter((id) => !loadClaims().has(id)), []);
  assert.equal(new Set(told).size, told.length, "each claim once");
});

Deno.test("findings are ranked by the doublings between what is said and what follows", () => {
  const ranked = rankFindings(auditClaims([]));
  assert.equal(ranked.length, findings().length);
  assert.equal(ranked.reduce((total, { failing }) => total + failing, 0), failing.length);
  const doublings = ranked.map((finding) => finding.doublings);
  assert.deepEqual(doublings, doublings.toSorted((a, b) => b - a));
  const { doublings: rank, largestFactor, example } = ranked.find(({ id }) => id === "adapter-rank")!;
  assert.ok(Math.abs(rank - 1) < 1e-3 && Math.abs(largestFactor! - 2) < 1e-3, "213K is half of what rank 16 has");
  assert.equal(example, "lora-trainable-params");
  const streams = ranked.find(({ id }) => id === "one-stream")!;
  assert.ok(Math.abs(streams.largestFactor! - 3) < 0.02);
});

Deno.test("a student behind its teacher is slower than the teacher, whatever is printed", () => {
  const [first] = rankFindings(auditClaims([]));
  assert.equal(first.id, "teacher-needed");
  assert.ok(first.instead! > 0.9 && first.instead! < 1);
});

Deno.test("213K parameters are those of rank 8", () => {
  const rank16 = recompute("lora-trainable-params")!.value as number;
  assert.equal(rank16 / 2, 212_992);
  assert.ok(Math.abs(rank16 / 2 - Number(claim("lora-trainable-params").value)) < 500);
});

Deno.test("machines are classed by chip, and quantities by whether they belong to one", () => {
  const chips = ["Apple M4", "Apple M4 Pro", "Apple M3 Max", "AMD EPYC", "Apple M10 Ultra"];
  assert.deepEqual(chips.map((chip) => machineClass({ chip, arch: "x64" })), [
    "m4",
    "m4-pro",
    "m3-max",
    "x64",
    "m10-ultra",
  ]);
  const belongs = (id: string) => belongsToMachine(claim(id));
  for (
    const id of [
      "ln-teacher-time",
      "cbi-train-small-speedup",
      "lora-peak-memory",
      "ln-future-768-time",
      "lnsp-latency-linear",
    ]
  ) {
    assert.ok(belongs(id), id);
  }
  for (
    const id of ["ln-total-parameters", "ln-teacher-pass-rate", "cbi-v100-ratio", "lnsp-winner", "ln-checkpoint-size"]
  ) {
    assert.ok(!belongs(id), id);
  }
  assert.ok(isOfClaimsClass(claim("ln-teacher-time"), m4Pro));
  assert.ok(!isOfClaimsClass(claim("lnsp-latency-256"), m4Pro), "the document is about an M4");
  assert.ok(!isOfClaimsClass(claim("ln-teacher-throughput"), epyc));
  assert.ok(isOfClaimsClass(claim("ln-teacher-throughput"), m4Pro), "named for no machine: the document's");
});

Deno.test("meanings are of claims in words", () => {
  const strangers = Object.keys(MEANINGS).filter((id) => typeof loadClaims().get(id)?.value !== "string");
  assert.deepEqual(strangers, []);
});

Deno.test("records of the audit quote claims, show what follows, and answer nothing", () => {
  const source = results([{ value: 1.184, unit: "MB", machine: "any", claims: ["lnsp-sn727-size"] }]);
  const entries = auditClaims([source]);
  const of = (id: string) => auditRecords(entries.find((entry) => entry.claim.id === id)!);
  const { claimed, recomputed, measured, remark, statement } = of("lnsp-sn727-size");
  assert.deepEqual([claimed.value, recomputed!.value, measured!.value], [2.2, 1.184, 1.184]);
  assert.deepEqual([claimed.kind, recomputed!.kind, statement.kind], ["claimed", "computed", "claimed"]);
  assert.match(remark!.value as string, /1\.18 MB/);
  for (const one of [claimed, recomputed!, measured!, remark!, statement]) assert.deepEqual(one.claims, []);
  const none = of("ln-teacher-time");
  assert.deepEqual([none.recomputed, none.measured, none.remark], [null, null, null]);
  const ids = entries.flatMap((entry) => Object.values(auditRecords(entry)).flatMap((one) => one?.id ?? []));
  assert.equal(new Set(ids).size, ids.length, "each record once");
});
