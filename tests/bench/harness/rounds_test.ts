// Processes of several subjects in turns: who runs when, and what happens to one that breaks.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchInRounds, type BenchOptions } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";

const SHORT = {
  provider: { name: "cpu" },
  processes: 2,
  limits: { minMs: 2, minCount: 8 },
  warmUpMs: 1,
} as const;

Deno.test("subjects run one process each a round, every other round backwards; a broken one runs once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-rounds-"));
  try {
    const log = join(folder, "opened");
    const subject = (name: string, fails = false): BenchOptions => ({
      subject: {
        name,
        module: projectPath("tests", "bench", "children", "logged_subject.ts"),
        options: { log, name, fails },
      },
      ...SHORT,
    });
    const rounds: number[] = [];
    const records = await benchInRounds([subject("a"), subject("broken", true), subject("b")], {
      onRound: (round) => void rounds.push(round),
    });
    assert.equal(await readFile(log, "utf8"), "a broken b b a ");
    assert.deepEqual(rounds, [1, 2]);
    assert.deepEqual(records.map(({ subject, outcome, runs }) => [subject.name, outcome, runs.length]), [
      ["a", "measured", 2],
      ["broken", "failed", 0],
      ["b", "measured", 2],
    ]);
    assert.match(records[1].reasons.join(), /broken on purpose/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

Deno.test("no subjects are no records, and a provider that is absent keeps the others", async () => {
  assert.deepEqual(await benchInRounds([]), []);
  const module = projectPath("tests", "bench", "children", "logged_subject.ts");
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-rounds-"));
  try {
    const subject = { name: "one", module, options: { log: join(folder, "opened"), name: "one", fails: false } };
    const records = await benchInRounds([
      { subject, ...SHORT, provider: { name: "coreml" } },
      { subject, ...SHORT, processes: 1 },
    ]);
    const isMac = records[0].outcome !== "absent";
    assert.equal(records[1].runs.length, 1);
    assert.equal(await readFile(join(folder, "opened"), "utf8"), isMac ? "one one one " : "one ");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
