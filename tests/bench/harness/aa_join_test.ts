import assert from "node:assert/strict";
import { type AaStudy, type AaTrial, joinAa, parseAaStudy, summarizeAa } from "lib/bench/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";

const machine = machineFacts();

function part(name: string, trials: AaTrial[], fields: Partial<AaStudy> = {}): { name: string; study: AaStudy } {
  const study: AaStudy = {
    schemaVersion: 1,
    benchmark: "aa",
    measuredAt: "2026-01-01T00:00:00.000Z",
    machine,
    provider: "cpu, 1 thread",
    pairs: 5,
    turns: { blocks: 6, blockMs: 60, minSteps: 4 },
    ...summarizeAa(trials),
    trials,
    ...fields,
  };
  return { name, study: parseAaStudy(JSON.stringify(study), name) };
}

const trial = (subject: string, center: number, half: number, slowdown = 0): AaTrial => ({
  subject,
  slowdown,
  ratio: center,
  low: center - half,
  high: center + half,
});
const A = [trial("m", 1.001, 0.02), trial("s", 1.05, 0.01), trial("m", 1.1, 0.02, 0.1)];
const B = [trial("m", 0.99, 0.04), trial("s", 1.002, 0.03), trial("s", 1.01, 0.02, 0.1)];

Deno.test("joinAa summarizes the trials of all parts, and keeps when each was measured", () => {
  const later = "2026-01-02T00:00:00.000Z";
  const joined = joinAa([part("a.json", A), part("b.json", B, { measuredAt: later })]);
  const { containing, found, bySubject, medianHalfWidth, trials, measuredAt, parts } = joined;
  assert.deepEqual(trials, [...A, ...B]);
  assert.deepEqual([containing.n, containing.share, found!.n, found!.share], [4, 0.75, 2, 0.5]);
  assert.equal(medianHalfWidth.toFixed(4), "0.0250");
  assert.deepEqual(bySubject.map(({ subject, trials, containing }) => [subject, trials, containing]), [
    ["m", 2, 2],
    ["s", 2, 1],
  ]);
  assert.equal(measuredAt, later);
  assert.deepEqual(parts!.map(({ trials }) => trials), [3, 3]);
  const third = part("c.json", [trial("m", 1.003, 0.02)]);
  const again = joinAa([{ name: "joined.json", study: joined }, third]);
  assert.deepEqual([again.parts!.length, again.trials.length], [3, 7]);
});

Deno.test("joinAa refuses parts of another machine, provider or settings, and trials twice", () => {
  const a = part("a.json", A);
  const refuses = (fields: Partial<AaStudy>, pattern: RegExp, trials = B) =>
    assert.throws(() => joinAa([a, part("b.json", trials, fields)]), { name: "RangeError", message: pattern });
  refuses(
    { machine: { ...machine, id: "0123456789ab", name: "M4" } },
    /Cannot join b.json to a.json: another machine: .* M4$/,
  );
  refuses({ machine: { ...machine, id: "0123456789ab" } }, /another machine: [0-9a-f]{12} and 0123456789ab/);
  refuses({ machine: { ...machine, versions: { deno: "1.0.0" } } }, /another version of what runs it: .*1\.0\.0/);
  refuses({ provider: "cpu, 2 threads" }, /another provider: cpu, 1 thread and cpu, 2 threads/);
  refuses({ pairs: 3 }, /another number of pairs: 5 and 3/);
  refuses({ turns: { blocks: 6, blockMs: 30, minSteps: 4 } }, /another length of turns: .*60.*30/);
  refuses({}, /expected one slowdown, got 0.1 and 0.2/, [...B, trial("m", 1.2, 0.01, 0.2)]);
  refuses({}, /Cannot join b.json: trials of it are in a.json already/, [...B, A[0]]);
  assert.throws(() => joinAa([a]), /expected at least two studies, got 1/);
});

Deno.test("parseAaStudy names what is wrong with a file", () => {
  const { study } = part("a.json", A);
  const refuses = (content: unknown, pattern: RegExp) =>
    assert.throws(() => parseAaStudy(typeof content === "string" ? content : JSON.stringify(content), "x.json"), {
      name: "TypeError",
      message: pattern,
    });
  refuses("{", /Cannot read x.json: expected JSON of an A\/A study/);
  refuses({ kind: "bench records" }, /expected an A\/A study, as `deno task bench aa` writes it/);
  refuses(null, /expected an A\/A study/);
  refuses({ ...study, schemaVersion: 2 }, /expected schema 1, got 2/);
  refuses({ ...study, trials: [] }, /trials: /);
  refuses({ ...study, trials: [{ ...A[0], low: null }] }, /trials\.0\.low: /);
});
