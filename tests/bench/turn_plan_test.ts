import assert from "node:assert/strict";
import { LEAST_ROUNDS, planTurns } from "lib/bench/mod.ts";

const OPTIONS = { blocks: 10, blockMs: 100, minSteps: 4 };
const essential = (stepMs: number) => ({ stepMs, essential: true });
const other = (stepMs: number) => ({ stepMs, essential: false });

Deno.test("planTurns gives every side turns of the same time, in all rounds", () => {
  const plans = planTurns([essential(10), essential(20), other(50)], OPTIONS);
  assert.deepEqual(plans.map((plan) => plan?.steps), [10, 5, 4]);
  assert.ok(plans.every((plan) => plan?.settle === 2 && plan.repeat === 1));
  assert.ok(plans.every((plan) => String(plan?.rounds) === "0,1,2,3,4,5,6,7,8,9"));
});

Deno.test("planTurns bounds samples, and makes a sample of many short steps", () => {
  const [plan] = planTurns([essential(0.02)], { ...OPTIONS, sampleMs: 1, maxSteps: 30 });
  assert.deepEqual([plan?.repeat, plan?.steps], [50, 30]);
});

Deno.test("planTurns shortens turns before it leaves rounds out", () => {
  // 10 steps and 2 before them take 120 ms a turn, 4 and 2 take 60, 1 and 1 take 20.
  const steps = (budgetMs: number) => planTurns([essential(10)], { ...OPTIONS, budgetMs })[0];
  assert.deepEqual([steps(1200)?.steps, steps(1200)?.rounds.length], [10, 10]);
  assert.deepEqual([steps(1199)?.steps, steps(600)?.rounds.length], [4, 10]);
  assert.deepEqual([steps(599)?.settle, steps(599)?.steps, steps(200)?.rounds.length], [1, 1, 10]);
  assert.equal(steps(130)?.rounds.length, 6);
  assert.equal(steps(1)?.rounds.length, LEAST_ROUNDS, "an essential side is measured whatever it takes");
});

Deno.test("planTurns keeps essential sides together, and lets a slow one take part in some of their rounds", () => {
  const plans = planTurns([essential(1), essential(100), other(300), other(2000)], { ...OPTIONS, budgetMs: 1300 });
  assert.deepEqual(plans[0]?.rounds, [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(plans[1]?.rounds, plans[0]?.rounds);
  assert.deepEqual(plans[2]?.rounds, [1, 4]);
  assert.equal(plans[3], null);
});

Deno.test("planTurns takes two rounds when no more are asked for", () => {
  const plans = planTurns([essential(1), other(1)], { ...OPTIONS, blocks: 2 });
  assert.deepEqual(plans.map((plan) => plan?.rounds), [[0, 1], [0, 1]]);
});

Deno.test("planTurns lets steps that need no settling begin with what counts", () => {
  const turns = (budgetMs: number) =>
    planTurns([essential(40)], { ...OPTIONS, blockMs: 1, minSteps: 1, settleSteps: 0, budgetMs })[0];
  assert.deepEqual([turns(Infinity)?.settle, turns(Infinity)?.steps, turns(200)?.settle, turns(200)?.rounds.length], [
    0,
    1,
    0,
    5 - 1,
  ]);
});
