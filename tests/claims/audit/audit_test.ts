import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AUDIT_VERDICTS,
  auditClaims,
  type AuditEntry,
  auditRecords,
  isRecord,
  readAllResults,
  type ResultsSource,
  verdictCounts,
} from "lib/claims/audit/mod.ts";
import { loadClaims } from "lib/claims/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { epyc, m4Pro, results } from "./results_examples.ts";

const PATTERN = ["reports/**/results.json", "reports/machines/**/*.json"];
/** The committed reports, without the audit's own. */
const committed = readAllResults(PATTERN, { except: "00-claims-audit" });

const verdicts = (entries: readonly AuditEntry[]) => new Map(entries.map(({ claim, verdict }) => [claim.id, verdict]));
function verdictOf(id: string, ...sources: ResultsSource[]) {
  const { verdict, because } = auditClaims(sources).find(({ claim }) => claim.id === id)!;
  return [verdict, because];
}
const interval = (low: number, high: number) => ({ low, high, confidence: 0.95, method: "test" });

Deno.test("every claim has a verdict, with any reports and with none", () => {
  for (const sources of [committed, []]) {
    const entries = auditClaims(sources);
    assert.deepEqual(entries.map(({ claim }) => claim.id), [...loadClaims().keys()]);
    assert.ok(entries.every(({ verdict, because }) => AUDIT_VERDICTS.includes(verdict) && because !== ""));
    const counts = verdictCounts(entries, null);
    const total = AUDIT_VERDICTS.reduce((sum, verdict) => sum + Number(counts[verdict].value), 0);
    assert.equal(total, counts.all.value);
  }
  assert.ok(auditClaims([]).every(({ verdict }) => verdict === "not yet measured"));
});

Deno.test("deleting one record turns exactly its claims to not yet measured", () => {
  const root = mkdtempSync(join(tmpdir(), "audit-"));
  const own = committed.filter(({ path }) => !path.startsWith("reports/machines/")); // another machine's answer would remain
  try {
    for (const { path } of own) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      cpSync(projectPath(path), join(root, path));
    }
    const before = verdicts(auditClaims(readAllResults(PATTERN, { root })));
    // Every twentieth record with a claim, of all reports.
    const records = own.flatMap(({ path, results }) =>
      results.records.filter(({ claims }) => claims.length > 0).map((record) => ({ path, record }))
    ).filter((_, i) => i % 20 === 0);
    assert.ok(records.length > 10);
    for (const { path, record } of records) {
      const text = readFileSync(join(root, path), "utf8");
      const file = JSON.parse(text);
      const kept = { ...file, records: file.records.filter(({ id }: { id: string }) => id !== record.id) };
      writeFileSync(join(root, path), JSON.stringify(kept));
      const after = verdicts(auditClaims(readAllResults(PATTERN, { root })));
      writeFileSync(join(root, path), text);
      const expected = new Map([...before, ...record.claims.map((id) => [id, "not yet measured"] as const)]);
      assert.deepEqual(after, expected, `without ${record.id} of ${path}`);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

Deno.test("a time of another class of machine gets no verdict, one of the document's does", () => {
  const time = (machine: typeof epyc, value: number) =>
    results([{ value, unit: "ms", claims: ["ln-teacher-time"], n: 9, interval: interval(value - 1, value + 1) }], {
      machine,
    });
  assert.equal(verdictOf("ln-teacher-time", time(epyc, 66))[0], "measured elsewhere");
  assert.equal(verdictOf("ln-teacher-time", time(m4Pro, 6.2))[0], "reproduced");
  assert.deepEqual(verdictOf("ln-teacher-time", time(m4Pro, 9)), ["not reproduced", "more than claimed"]);
  assert.deepEqual(verdictOf("ln-teacher-time", time(m4Pro, 3)), ["not reproduced", "less than claimed"]);
  // The document's class of machine decides, whichever file comes first.
  for (const sources of [[time(epyc, 66), time(m4Pro, 9)], [time(m4Pro, 9), time(epyc, 66)]]) {
    const entry = auditClaims(sources).find(({ claim }) => claim.id === "ln-teacher-time")!;
    assert.equal(entry.verdict, "not reproduced");
    assert.equal(entry.answers.length, 2);
    const { measured } = auditRecords(entry);
    assert.deepEqual([measured!.value, measured!.machine, measured!.n, measured!.claims], [9, "m4pro", 9, []]);
    assert.equal(measured!.provenance.source, "reports/machines/m4pro/01-example/results.json");
  }
});

Deno.test("what belongs to no machine is judged anywhere; a wide interval reproduces nothing", () => {
  const rate = (value: number) =>
    results([{ value, unit: "%", claims: ["ln-student-2-pass-rate"], interval: interval(20, 90) }]);
  assert.equal(verdictOf("ln-student-2-pass-rate", rate(42))[0], "reproduced");
  const [verdict, because] = verdictOf("ln-student-2-pass-rate", rate(66));
  assert.equal(verdict, "not reproduced");
  assert.match(because, /interval reaches the claim/);
});

Deno.test("arithmetic: a sum that fails, one that holds, and one that a measurement contradicts", () => {
  const one = (id: string, fields: object) => verdictOf(id, results([{ claims: [id], ...fields }]))[0];
  assert.equal(one("lnsp-bottleneck-256-params", { value: 296_000, unit: "count", machine: "any" }), "does not add up");
  assert.equal(one("ln-student-1-speedup", { value: 600, unit: "x" }), "holds");
  assert.equal(one("ln-total-parameters", { value: 397_440, unit: "count", machine: "any" }), "holds");
  assert.equal(one("ln-analogy-improvement", { value: 1, unit: "x" }), "not reproduced");
  // Contradicted outside arithmetic, measured or not.
  assert.equal(one("cbi-ane-tops", { value: 15.8, unit: "TOPS" }), "does not add up");
});

Deno.test("values that are missing or invalid wait for a measurement; arithmetic does not", () => {
  const one = (id: string, fields: object) => verdictOf(id, results([{ claims: [id], ...fields }]))[0];
  assert.equal(one("ln-teacher-time", { value: null, unit: "ms", note: "not run at scale smoke" }), "not yet measured");
  assert.equal(one("ln-teacher-time", { value: 6, unit: "ms", note: "INVALID: drift" }), "not yet measured");
  assert.equal(one("ln-teacher-time", { value: 6, unit: "ms", note: "a.timeMs (INVALID: drift)" }), "not yet measured");
  assert.equal(one("mlx-add-bandwidth", { value: null, unit: "GB/s", note: "not run" }), "does not add up");
});

Deno.test("reasons, forecasts and claims in words", () => {
  const unanswered = [{ claim: "ln-development-cost", reason: "judgement" as const, note: "" }];
  assert.deepEqual(verdictOf("ln-development-cost", results([], { unanswered })), ["not measurable", "judgement"]);
  const trend = (value: number) =>
    verdictOf("ln-scale-100-epochs", results([{ value, unit: "count", claims: ["ln-scale-100-epochs"] }]));
  assert.deepEqual(trend(20), ["projection", "the measured trend agrees"]);
  assert.deepEqual(trend(31), ["projection", "the measured trend says otherwise"]);
  const words = (id: string, fields: object) => verdictOf(id, results([{ claims: [id], ...fields }]))[0];
  assert.equal(words("lnsp-winner", { value: 256, unit: "count" }), "reproduced");
  assert.equal(words("lnsp-winner", { value: 512, unit: "count" }), "not reproduced");
  const gain = (low: number) => ({ value: 0.02, unit: "1", interval: interval(low, 0.05) });
  assert.equal(words("lnsp-bottleneck-512-quality", gain(0.01)), "reproduced");
  assert.equal(words("lnsp-bottleneck-512-quality", gain(-0.01)), "not reproduced");
  assert.equal(words("cbi-opt-mixed-size", { value: "-50%" }), "not reproduced");
  assert.equal(words("cbi-real-data-only", { value: true }), "reproduced");
});

Deno.test("a record in another unit of the same quantity is converted", () => {
  const time = (value: number, unit: string) =>
    results([{ value, unit, claims: ["ln-teacher-time"] }], { machine: m4Pro });
  assert.equal(verdictOf("ln-teacher-time", time(0.0062, "s"))[0], "reproduced");
  assert.equal(verdictOf("ln-teacher-time", time(6.2, "s"))[0], "not reproduced");
});

Deno.test("an audit is refused for an unknown claim, two answers of one machine, and a unit of another quantity", () => {
  const twice = [
    results([{ value: 6, unit: "ms", claims: ["ln-teacher-time"] }]),
    results([{ value: 7, unit: "ms", claims: ["ln-teacher-time"] }], { report: "02-example" }),
  ];
  assert.throws(() => auditClaims(twice), {
    name: "RangeError",
    message: "Cannot audit the claims:\nln-teacher-time: expected one answer of machine epyc, got 2: " +
      "reports/01-example/results.json (record r0), reports/02-example/results.json (record r0)",
  });
  const wrong = results([
    { value: 6, unit: "MB", claims: ["ln-teacher-time"] },
    { value: 1, unit: "ms", claims: ["ln-teacher-tine"] },
  ]);
  assert.throws(() => auditClaims([wrong]), (error: Error) => {
    assert.match(error.message, /^ln-teacher-time: expected ms \(time\), got MB \(memory\) in reports\/01-example/m);
    assert.match(error.message, /no claim "ln-teacher-tine"; did you mean "ln-teacher-time"\?$/m);
    return true;
  });
  const both = results([{ value: 6, unit: "ms", claims: ["ln-teacher-time"] }], {
    unanswered: [{ claim: "ln-teacher-time", reason: "judgement", note: "" }],
  });
  assert.throws(() => auditClaims([both]), /got 2: .*\(record r0\), .*\(without a record\)/);
});

Deno.test("results of another schema version are refused by file, and so is what is no results file", () => {
  const root = mkdtempSync(join(tmpdir(), "audit-"));
  const path = "reports/machines/m4/02-example/results.json";
  const write = (text: string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  try {
    write(JSON.stringify({ ...results([]).results, schemaVersion: 2 }));
    assert.throws(() => readAllResults(PATTERN, { root }), {
      name: "RangeError",
      message: `Cannot read ${path}: expected schemaVersion 1, got 2; update this library`,
    });
    write("{");
    assert.throws(
      () => readAllResults(PATTERN, { root }),
      new RegExp(`^SyntaxError: Cannot read ${path}: expected JSON`),
    );
    write(JSON.stringify({ ...results([]).results, records: {} }));
    assert.throws(() => readAllResults(PATTERN, { root }), new RegExp(`^TypeError: Cannot read ${path}: records`));
    write(JSON.stringify(results([]).results));
    assert.equal(readAllResults(PATTERN, { root }).length, 1);
    assert.deepEqual(
      readAllResults(PATTERN, { root, except: "01-example" }),
      [],
      "a report of that name, wherever it is",
    );
    assert.deepEqual(readAllResults(PATTERN, { root, except: "02-example" }), [], "a folder of that name");
    assert.throws(() => readAllResults(["reports/*.json"], { root }), /expected a pattern such as/);
    // A copy counts once, under any name; what is no results file is left out where any name may be one.
    cpSync(join(root, path), join(root, "reports/machines/copy.json"));
    mkdirSync(join(root, "reports/machines/m4/benchmarks"));
    for (const other of ["m4/02-example/document.json", "m4/benchmarks/train.json", "notes.json"]) {
      writeFileSync(join(root, "reports/machines", other), '{"ratio": 2}');
    }
    assert.equal(readAllResults(PATTERN, { root }).length, 1);
    const other = { ...results([]).results, report: "03-example" };
    writeFileSync(join(root, "reports/machines/dropped.json"), JSON.stringify(other));
    assert.deepEqual(readAllResults(PATTERN, { root }).map(({ results }) => results.report), [
      "01-example",
      "03-example",
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

Deno.test("the claims that reports leave without a record are the reviewed ones, for the reviewed reasons", () => {
  const reviewed: Record<string, string[]> = JSON.parse(
    readFileSync(projectPath("tests", "claims", "audit", "not_measurable.json"), "utf8"),
  );
  const reasonOf = new Map(Object.entries(reviewed).flatMap(([reason, ids]) => ids.map((id) => [id, reason])));
  assert.equal(reasonOf.size, Object.values(reviewed).flat().length, "each once");
  for (const id of reasonOf.keys()) assert.ok(loadClaims().has(id), id);
  const entries = auditClaims(committed);
  const unreviewed = entries.flatMap(({ claim, answers }) =>
    answers.flatMap(({ answer }) =>
      isRecord(answer) || reasonOf.get(claim.id) === answer.reason ? [] : [`${claim.id}: ${answer.reason}`]
    )
  );
  assert.deepEqual(unreviewed, [], "reasons that nobody has reviewed");
  // A reviewed claim of a report that is here has its reason there, unless a machine could measure it after all.
  const answered = new Set(entries.filter(({ answers }) => answers.length > 0).map(({ claim }) => claim.seed));
  const gone = entries.filter(({ claim, answers }) =>
    answered.has(claim.seed) && reasonOf.has(claim.id) && answers.length === 0
  );
  assert.deepEqual(gone.map(({ claim }) => claim.id), []);
});
