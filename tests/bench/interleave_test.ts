import assert from "node:assert/strict";
import { conversation, interleave, type Participant } from "lib/bench/mod.ts";
import { projectPath } from "lib/process/mod.ts";

const module = projectPath("tests", "bench", "children", "steps.ts");
const start = (...args: string[]) => conversation("the side", { module, args, deadlineMs: 60_000 });

/** A side in this process that notes when it is asked, and dies at the request that is given. */
function side(name: string, stepMs: number, log: string[], { diesAt = Infinity } = {}): Participant {
  const ask = (message: unknown) => {
    const { settle, steps } = message as { settle: number; steps: number };
    log.push(`${name} ${settle}+${steps}`);
    if (log.filter((entry) => entry.startsWith(name)).length >= diesAt) {
      return Promise.reject(new Error(`${name} died`));
    }
    return Promise.resolve({ samplesMs: new Float64Array(steps).fill(stepMs) });
  };
  return { talk: { ask, end: () => Promise.resolve() } };
}

const TURNS = { blocks: 4, blockMs: 100, minSteps: 3 };

Deno.test("interleave takes turns A B B A of the same time", async () => {
  const log: string[] = [];
  const [a, b] = await interleave([side("a", 10, log), side("b", 20, log)], TURNS);
  assert.deepEqual(log.slice(0, 4), ["a 0+1", "a 3+10", "b 0+1", "b 3+5"]);
  assert.deepEqual(log.slice(4), ["a 2+10", "b 2+5", "b 2+5", "a 2+10", "a 2+10", "b 2+5", "b 2+5", "a 2+10"]);
  assert.deepEqual(a.blocks, new Array(4).fill(new Array(10).fill(10)));
  assert.deepEqual(b.blocks, new Array(4).fill(new Array(5).fill(20)));
  assert.deepEqual([a.rounds, b.rounds, a.failure], [[0, 1, 2, 3], [0, 1, 2, 3], null]);
});

Deno.test("interleave warms up with one step, and takes the least number of steps, of a slow side", async () => {
  const log: string[] = [];
  await interleave([side("a", 500, log)], { ...TURNS, blocks: 2 });
  assert.deepEqual(log, ["a 0+1", "a 2+3", "a 2+3"]);
});

Deno.test("interleave leaves a side out that is too slow for its budget, and says so", async () => {
  const log: string[] = [];
  const slow = { ...side("slow", 4000, log), essential: false };
  const [fast, left] = await interleave([side("a", 10, log), slow], { ...TURNS, budgetMs: 6000 });
  assert.equal(fast.rounds.length, 4);
  assert.deepEqual([left.overBudget, left.blocks], [true, []]);
  assert.equal(left.failure, "skipped: a step takes 4.0 s, its budget is 6 s");
});

Deno.test("interleave goes on without a side that dies", async () => {
  const log: string[] = [];
  const [a, b, c] = await interleave([
    side("a", 10, log),
    side("b", 10, log, { diesAt: 4 }),
    side("c", 10, log, { diesAt: 1 }),
  ], TURNS);
  assert.deepEqual([a.rounds.length, a.failure], [4, null]);
  assert.deepEqual([b.rounds, b.failure, b.overBudget], [[0], "b died", false]);
  assert.deepEqual([c.rounds, c.failure], [[], "c died"]);
});

Deno.test("conversation asks a child, and ends with it", async () => {
  const { talk, greeting } = await start("7");
  assert.deepEqual(greeting, { losses: [1] });
  assert.deepEqual(await talk.ask({ steps: 2 }), { samplesMs: [7, 7] });
  assert.deepEqual(await Promise.all([talk.ask({ steps: 1 }), talk.ask({ steps: 0 })]), [
    { samplesMs: [7] },
    { samplesMs: [] },
  ]);
  await talk.end();
  await assert.rejects(talk.ask({ steps: 1 }), /Cannot benchmark: the side ended \(exit code 0\)/);
});

Deno.test("conversation tells why a child ended without an answer", async () => {
  await assert.rejects(start("1", "silent"), /the side ended \(exit code 1\): [\s\S]*this side cannot start/);
  const { talk } = await start("1", "dies");
  await assert.rejects(talk.ask({ steps: 1 }), /the side ended \(exit code 1\): [\s\S]*this side is broken/);
});

Deno.test("relay passes messages on to a program that speaks JSON lines", async () => {
  const program = `
    console.log("a library's banner\\n{not json");
    process.stdout.write('{"ready":true}\\n');
    require("node:readline").createInterface({ input: process.stdin })
      .on("line", (line) => console.log(JSON.stringify({ got: JSON.parse(line) })));
  `;
  const relay = projectPath("lib", "bench", "relay.ts");
  const { talk, greeting } = await conversation("node", {
    module: relay,
    args: ["node", "-e", program],
    deadlineMs: 60_000,
  });
  assert.deepEqual(greeting, { ready: true });
  assert.deepEqual(await talk.ask({ steps: 3 }), { got: { steps: 3 } });
  await talk.end();
  await assert.rejects(
    conversation("nothing", { module: relay, args: ["/nonexistent/python"], deadlineMs: 60_000 }),
    /nothing ended \(exit code 1\): Cannot start \/nonexistent\/python/,
  );
  await assert.rejects(
    conversation("node", { module: relay, args: ["node", "-e", "process.exit(3)"], deadlineMs: 60_000 }),
    /node ended \(exit code 3\)/,
  );
});
