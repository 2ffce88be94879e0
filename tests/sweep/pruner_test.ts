import assert from "node:assert/strict";
import { asha, median, type Objective, type Pruner } from "lib/sweep/mod.ts";

const loss: Objective = { metric: "loss", direction: "minimize" };
const cosine: Objective = { metric: "cosine", direction: "maximize" };
const ask = (pruner: Pruner, epoch: number, value: number, curves: number[][], objective = loss) =>
  pruner.reason({ epoch, value, curves, objective });
/** Curves that have `values` after each of `epochs` epochs. */
const flat = (epochs: number, values: number[]) => values.map((value) => new Array<number>(epochs).fill(value));

Deno.test("asha compares after minEpochs times powers of the reduction only", () => {
  const pruner = asha({ minEpochs: 2, reduction: 3 });
  const ended = Array.from({ length: 60 }, (_, i) => i + 1)
    .filter((epoch) => ask(pruner, epoch, 9, flat(60, [1, 2, 3])) !== null);
  assert.deepEqual(ended, [2, 6, 18, 54]);
});

Deno.test("asha keeps the best of each so many that got there", () => {
  const pruner = asha({ reduction: 4 });
  // 8 configurations: two places.
  const others = [1, 2, 3, 4, 5, 6, 7];
  assert.equal(ask(pruner, 4, 1.5, flat(4, others)), null);
  assert.equal(ask(pruner, 4, 2, flat(4, others)), null, "equal to the second best");
  assert.equal(
    ask(pruner, 4, 2.5, flat(4, others)),
    "after 4 epochs, a loss of 2.5 was not among the best 2 of 8 configurations (asha)",
  );
  // Only three of them got to the fourth epoch: one place, for the best.
  const stopped = [...flat(4, [3, 4, 5]), ...flat(3, [1, 1, 1, 1])];
  assert.equal(ask(pruner, 4, 2.5, stopped), null);
  assert.match(ask(pruner, 4, 3.5, stopped)!, /was not the best of 4 configurations/);
});

Deno.test("asha lets the first one go on, and others until startup", () => {
  assert.equal(ask(asha(), 1, 5, []), null);
  assert.notEqual(ask(asha(), 1, 5, flat(1, [1])), null);
  const late = asha({ startup: 5 });
  assert.equal(ask(late, 1, 5, flat(1, [1, 1, 1])), null);
  assert.notEqual(ask(late, 1, 5, flat(1, [1, 1, 1, 1])), null);
});

Deno.test("asha follows the direction, and takes what is no number as the worst", () => {
  const others = flat(1, [0.5, 0.6, 0.7]);
  assert.equal(ask(asha(), 1, 0.8, others, cosine), null);
  assert.match(ask(asha(), 1, 0.65, others, cosine)!, /a cosine of 0.65 was not the best of 4/);
  assert.equal(ask(asha(), 1, NaN, others), "after 1 epoch, loss was no number");
  assert.equal(ask(asha(), 2, NaN, []), null, "no comparison after 2 epochs");
  assert.equal(ask(asha(), 1, 5, flat(1, [NaN, NaN])), null);
  assert.notEqual(ask(asha(), 1, Infinity, flat(1, [1])), null);
});

Deno.test("asha with a field of 64 that arrives one by one keeps about a quarter at each comparison", () => {
  // Values without order: 37 generates the integers modulo 64... 65 is not prime, so modulo 67.
  const values = Array.from({ length: 64 }, (_, i) => (i + 1) * 37 % 67);
  const pruner = asha({ reduction: 4 });
  const curves: number[][] = [];
  let kept = 0;
  for (const value of values) {
    const reason = ask(pruner, 1, value, curves);
    curves.push([value]);
    if (reason === null) kept++;
  }
  assert.ok(kept >= 12 && kept <= 24, `${kept} of 64`);
  // The best of all is never ended.
  assert.equal(ask(pruner, 1, -1, curves), null);
});

Deno.test("median ends what is worse than the median after as many epochs", () => {
  const pruner = median({ startup: 3, warmup: 1 });
  const curves = [[9, 1], [9, 2], [9, 3], [9, 4]];
  assert.equal(ask(pruner, 1, 99, curves), null, "warming up");
  assert.equal(ask(pruner, 2, 2.5, curves), null, "the median itself");
  assert.equal(
    ask(pruner, 2, 2.6, curves),
    "after 2 epochs, a loss of 2.6 was worse than the median of 4 configurations, 2.5 (median)",
  );
  assert.equal(ask(pruner, 2, 2, curves.slice(0, 3)), null);
  assert.notEqual(ask(pruner, 2, 2.1, curves.slice(0, 3)), null, "odd numbers have a middle");
  assert.equal(ask(pruner, 2, 99, curves.slice(0, 2)), null, "too few");
  assert.equal(ask(pruner, 3, 99, curves), null, "none got there");
  assert.notEqual(ask(pruner, 2, NaN, []), null);
  const rising = [[0.1], [0.2], [0.3], [NaN]];
  assert.equal(ask(median({ startup: 4 }), 1, 0.16, rising, cosine), null);
  assert.match(ask(median({ startup: 4 }), 1, 0.14, rising, cosine)!, /a cosine of 0.14 was worse.*, 0.15 \(median\)/);
});

Deno.test("pruners say their settings and refuse bad ones", () => {
  assert.deepEqual(asha({ minEpochs: 2 }).settings, { minEpochs: 2, reduction: 4, startup: 1 });
  assert.deepEqual(median().settings, { startup: 5, warmup: 0 });
  assert.throws(
    () => asha({ minEpochs: 0 }),
    /Cannot make an asha pruner: expected minEpochs to be an integer of at least 1/,
  );
  assert.throws(() => asha({ reduction: 1 }), /expected reduction/);
  assert.throws(() => asha({ eta: 3 } as never), /expected minEpochs, reduction, startup, got "eta"/);
  assert.throws(() => median({ startup: 0 }), /expected startup/);
  assert.throws(() => median({ warmup: -1 }), /expected warmup/);
});
