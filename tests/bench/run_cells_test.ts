import assert from "node:assert/strict";
import { type Role, runCells, type RunOptions, type SideSettings } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";

const module = projectPath("tests", "bench", "children", "steps.ts");
const side = (name: string, role: Role, args: string[]): SideSettings => ({
  name,
  role,
  settings: "none",
  child: { module, args, deadlineMs: 60_000 },
});
const OURS = side("ours", "ours", ["10"]);
const OPTIONS: RunOptions = {
  turns: { blocks: 4, blockMs: 40, minSteps: 2 },
  attempts: 1,
  quietMs: 1,
  budgetMs: 60_000,
};
const plan = (subject: string, work: number) => ({ kind: "cell", subject, batchSize: 1, threads: 1, work }) as const;

/** Runs cells that all have these sides. */
function measure(sides: readonly SideSettings[], subjects: string[], options: Partial<RunOptions> = {}) {
  const prepared = { sides, check: () => [] };
  return runCells(
    subjects.map((subject, i) => plan(subject, subjects.length - i)),
    (_, measure) => measure(prepared),
    { ...OPTIONS, ...options },
  );
}

Deno.test("runCells compares with the fastest peer that counts, and tells its progress", async () => {
  const progress: string[] = [];
  const sides = [OURS, side("a", "rival", ["40"]), side("b", "rival", ["20"]), side("c", "other", ["5"])];
  const { cells, skipped } = await measure(sides, ["large", "small"], {
    onProgress: ({ done, total, leftMs, last }) => void progress.push(`${done}/${total} ${leftMs > 0} ${last}`),
  });
  assert.deepEqual(progress, ["1/2 true small x 1, 1 thread: 0.50 VALID", "2/2 false large x 1, 1 thread: 0.50 VALID"]);
  assert.deepEqual(skipped, []);
  const [{ sides: measured, comparison, verdict }] = cells;
  assert.deepEqual([comparison?.peer, comparison?.ratio, verdict], ["b", 0.5, "VALID"]);
  assert.deepEqual(measured.map(({ comparison }) => comparison?.ratio), [undefined, 0.25, 0.5, 2]);
  assert.deepEqual(measured[0].blocksMs, new Array(4).fill([10, 10, 10, 10]));
});

Deno.test("runCells says why a peer is missing, and goes on", async () => {
  const sides = [
    OURS,
    side("broken", "rival", ["10", "dies"]),
    side("silent", "rival", ["10", "silent"]),
    { ...side("absent", "rival", []), child: "it is not installed" },
    side("fine", "rival", ["10"]),
  ];
  const { cells: [{ missing, comparison }] } = await measure(sides, ["one"]);
  assert.deepEqual(missing.map(({ name, overBudget }) => [name, overBudget]), [
    ["silent", false],
    ["absent", false],
    ["broken", false],
  ]);
  assert.match(missing[0].reason, /silent ended \(exit code 1\)[\s\S]*this side cannot start/);
  assert.match(missing[2].reason, /broken ended \(exit code 1\)[\s\S]*this side is broken/);
  assert.equal(comparison?.peer, "fine");
});

Deno.test("runCells does not try a slow peer at larger sizes", async () => {
  const sides = [OURS, side("slow", "other", ["1e9"])];
  const { cells } = await measure(sides, ["large", "small"]);
  const reasons = cells.map(({ missing }) => missing[0].reason);
  assert.match(reasons[0], /^skipped: a step takes 1.0e\+6 s, its budget is \d+ s$/);
  assert.equal(reasons[1], "skipped: it was over its budget at small x 1, 1 thread");
});

Deno.test("runCells ends a peer that takes too long to start", async () => {
  const sides = [OURS, side("late", "other", ["10", "late"])];
  const { cells: [{ missing }] } = await measure(sides, ["one"], { budgetMs: 8000 });
  assert.deepEqual(missing, [
    { name: "late", reason: "skipped: it did not take its first steps within 5 s", overBudget: true },
  ]);
});

Deno.test("runCells skips what its time does not allow", async () => {
  const { cells, skipped } = await measure([OURS], ["large", "small"], { budgetMs: 1 });
  assert.deepEqual(cells.map(({ subject }) => subject), ["small"]);
  assert.deepEqual(skipped, [
    { subject: "large", batchSize: 1, threads: 1, reason: "skipped: the run's time was used up" },
  ]);
});

Deno.test("runCells fails when our side fails, or when it is stopped", async () => {
  await assert.rejects(measure([side("ours", "ours", ["1", "silent"])], ["one"]), /this side cannot start/);
  await assert.rejects(measure([side("ours", "ours", ["1", "dies"])], ["one"]), /this side is broken/);
  const signal = AbortSignal.abort(new Error("Stopped by Ctrl-C"));
  await assert.rejects(measure([OURS], ["one"], { signal }), /Stopped by Ctrl-C/);
});

Deno.test("runCells finds a cell INVALID whose peer's results are wrong, and tries it again", async () => {
  const prepared = { sides: [OURS, side("a", "rival", ["10"])], check: () => ["a: other losses"] };
  const { cells: [cell] } = await runCells([plan("one", 1)], (_, measure) => measure(prepared), {
    ...OPTIONS,
    attempts: 2,
  });
  assert.deepEqual([cell.verdict, cell.reasons, cell.attempt], ["INVALID", ["a: other losses"], 2]);
});
