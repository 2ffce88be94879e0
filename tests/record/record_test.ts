import assert from "node:assert/strict";
import {
  type MachineFacts,
  mergeMachines,
  parseMachineFacts,
  parseResults,
  record,
  type RecordFields,
  type ResultsFile,
} from "lib/record/mod.ts";

const FIELDS: RecordFields = { id: "bottleneck.256.parameters", quantity: "parameters", value: 296000, unit: "count" };
const INTERVAL = { low: 1, high: 2, confidence: 0.95, method: "bootstrap percentile, 10000 resamples" };
const MACHINE: MachineFacts = {
  id: "0123456789ab",
  name: "AMD EPYC, 2 cores, 24 GiB, linux x64",
  chip: "AMD EPYC",
  arch: "x64",
  physicalCores: 2,
  performanceCores: null,
  efficiencyCores: null,
  logicalCores: 2,
  memoryBytes: 24 * 2 ** 30,
  os: "Debian GNU/Linux 12 (bookworm)",
  osBuild: "6.1.0",
  versions: { deno: "2.9.5" },
  power: "unknown",
};
const HASH = "a".repeat(64);
const RESULTS: ResultsFile = {
  schemaVersion: 1,
  report: "02-lnsp-size-analysis",
  title: "LNSP model size analysis",
  scale: "quick",
  parameters: { sizes: [256, 512] },
  machines: [MACHINE],
  identity: {
    notebook: HASH,
    modules: { "lib/models/lnsp.ts": HASH },
    lockfile: HASH,
    parameters: HASH,
    data: { "wordnet-20k": HASH },
    scale: "quick",
    machine: MACHINE.id,
  },
  records: [record(FIELDS), record({ ...FIELDS, id: "time", unit: "ms", value: 1.5, n: 30, machine: MACHINE.id })],
  unanswered: [{ claim: "lnsp-conclusion-optimal", reason: "judgement", note: "" }],
};

Deno.test("record fills in defaults", () => {
  assert.deepEqual(record(FIELDS), {
    schemaVersion: 1,
    ...FIELDS,
    n: 1,
    interval: null,
    kind: "computed",
    machine: "any",
    provenance: { source: "", inputs: [], rerun: "" },
    claims: [],
    note: null,
  });
  assert.equal(record({ ...FIELDS, machine: MACHINE.id }).kind, "measured");
  assert.deepEqual(record({ ...FIELDS, note: undefined, claims: undefined }), record(FIELDS));
  const missing = record({ ...FIELDS, value: null, note: "no GPU here" });
  assert.deepEqual([missing.value, missing.n], [null, 0]);
});

Deno.test("record keeps what it is given, of every type of value", () => {
  const full = {
    ...FIELDS,
    n: 5,
    interval: INTERVAL,
    kind: "measured" as const,
    machine: MACHINE.id,
    provenance: { source: "bench", inputs: ["a.b"], rerun: "deno task bench:train" },
    claims: ["lnsp-bottleneck-256-params"],
    note: "warm",
  };
  assert.deepEqual(record(full), { schemaVersion: 1, ...full });
  for (const value of [0, -0, 1e300, "text", "", true, false]) assert.equal(record({ ...FIELDS, value }).value, value);
});

Deno.test("record refuses wrong types, naming the record, the field and what it got", () => {
  const wrong: [object, RegExp][] = [
    [{ value: NaN }, /^Cannot make record "bottleneck\.256\.parameters": value: expected a finite number.*got NaN$/],
    [{ value: Infinity }, /got Infinity/],
    [{ value: undefined }, /value: .*got undefined/],
    [{ value: [1] }, /value: .*got an array/],
    [{ value: 1n }, /value: .*got 1/],
    [{ id: 3 }, /id: expected a string, got 3/],
    [{ n: "5" }, /n: expected a finite number, got "5"/],
    [{ interval: { ...INTERVAL, low: NaN } }, /interval\.low: .*got NaN/],
    [{ provenance: { source: "x", rerun: "" } }, /provenance\.inputs: expected array, got undefined/],
    [{ claims: "lnsp-x" }, /claims: expected array/],
    [{ claims: [1] }, /claims\[0\]: expected a string, got 1/],
  ];
  for (const [fields, message] of wrong) {
    assert.throws(() => record({ ...FIELDS, ...fields } as RecordFields), { name: "TypeError", message });
  }
});

Deno.test("record refuses values out of range and contradictions between fields", () => {
  const wrong: [object, RegExp][] = [
    [{ id: "" }, /id: expected a string that is not empty|id: expected dotted words/],
    [{ id: "two words" }, /id: expected dotted words/],
    [{ id: "a..b" }, /id: expected dotted words/],
    [{ schemaVersion: 2 }, /schemaVersion: expected 1, got 2/],
    [{ n: 1.5 }, /n: expected an integer from 0 up/],
    [{ n: 0 }, /n: expected an integer from 1 up/],
    [{ kind: "guessed" }, /kind: expected one of/],
    [{ kind: "measured" }, /machine: expected a machine's id/],
    [{ kind: "computed", machine: MACHINE.id }, /machine: expected "any"/],
    [{ value: null }, /note: expected the reason/],
    [{ value: "fast", interval: INTERVAL }, /interval: expected null/],
    [{ interval: { ...INTERVAL, low: 3 } }, /interval\.low: expected low <= high/],
    [{ interval: { ...INTERVAL, confidence: 95 } }, /interval\.confidence: expected a number between 0 and 1/],
    [{ claims: ["a", "a"] }, /claims: expected each claim once/],
    [{ units: "ms" }, /expected no field named "units"/],
  ];
  for (const [fields, message] of wrong) {
    assert.throws(() => record({ ...FIELDS, ...fields } as RecordFields), { name: "RangeError", message });
  }
});

Deno.test("parseResults reads what was written", () => {
  assert.deepEqual(parseResults(JSON.stringify(RESULTS)), RESULTS);
  assert.deepEqual(parseResults({ ...RESULTS, identity: null }).identity, null);
});

Deno.test("parseResults of another version says what to do", () => {
  const version = (schemaVersion: unknown) => () => parseResults({ ...RESULTS, schemaVersion });
  assert.throws(version(2), { name: "RangeError", message: /expected schemaVersion 1, got 2; update this library/ });
  assert.throws(version(0), { name: "RangeError", message: /got 0; make the report again/ });
  assert.throws(version(undefined), { name: "RangeError", message: /got undefined/ });
});

Deno.test("parseResults names the path of what is wrong", () => {
  const wrong: [unknown, string, RegExp][] = [
    ["{", "SyntaxError", /Cannot read results: expected JSON/],
    ["", "SyntaxError", /expected JSON/],
    [null, "TypeError", /Cannot read results: expected object, got null/],
    [3, "TypeError", /expected object/],
    [{ ...RESULTS, records: [RESULTS.records[0], RESULTS.records[0]] }, "RangeError", /records\[1\]\.id: .*once/],
    [{ ...RESULTS, machines: [] }, "RangeError", /records\[1\]\.machine: expected "any" or the id of one/],
    [{ ...RESULTS, machines: [MACHINE, MACHINE] }, "RangeError", /machines: expected each id once/],
    [{ ...RESULTS, machines: [{ ...MACHINE, hostname: "x" }] }, "RangeError", /machines\[0\]: .*"hostname"/],
    [{ ...RESULTS, identity: { ...RESULTS.identity, notebook: "abc" } }, "RangeError", /identity\.notebook: .*SHA-256/],
    [
      { ...RESULTS, unanswered: [{ claim: "c", reason: "no time", note: "" }] },
      "RangeError",
      /unanswered\[0\]\.reason: expected one of/,
    ],
    [{ ...RESULTS, records: [{ ...RESULTS.records[0], value: null }] }, "RangeError", /records\[0\]\.note/],
  ];
  for (const [value, name, message] of wrong) assert.throws(() => parseResults(value), { name, message });
});

Deno.test("parseMachineFacts refuses an id that stands for every machine, and counts that cannot be", () => {
  assert.deepEqual(parseMachineFacts(MACHINE), MACHINE);
  assert.throws(() => parseMachineFacts({ ...MACHINE, id: "any" }), /id: expected an id other than "any"/);
  assert.throws(
    () => parseMachineFacts({ ...MACHINE, logicalCores: 0 }),
    /logicalCores: expected an integer from 1 up/,
  );
  assert.throws(() => parseMachineFacts({ ...MACHINE, power: "solar" }), /power: expected one of/);
});

Deno.test("mergeMachines keeps each machine once, in order, with the later facts", () => {
  const other = { ...MACHINE, id: "b" };
  const later: MachineFacts = { ...MACHINE, power: "mains" };
  assert.deepEqual(mergeMachines([MACHINE, other], [later], []), [later, other]);
  assert.deepEqual(mergeMachines(), []);
});
