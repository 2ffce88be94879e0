import assert from "node:assert/strict";
import { crowdingDistances, dominates, hypervolume, paretoFront, paretoRanks, random } from "lib/statistics/mod.ts";

/** By the definition: what nothing left dominates has the next rank. */
function ranksByDefinition(costs: number[][]): number[] {
  const ranks = new Array<number>(costs.length).fill(-1);
  for (let rank = 0; ranks.includes(-1); rank++) {
    const left = costs.map((_, i) => i).filter((i) => ranks[i] === -1);
    const front = left.filter((i) => !left.some((k) => dominates(costs[k], costs[i])));
    for (const i of front) ranks[i] = rank;
  }
  return ranks;
}

Deno.test("paretoRanks agrees with the definition, with equal points too", () => {
  const stream = random(3, "pareto");
  for (const objectives of [1, 2, 3, 4]) {
    for (let round = 0; round < 20; round++) {
      const costs = Array.from({ length: 40 }, () => Array.from({ length: objectives }, () => stream.integer(8)));
      assert.deepEqual(paretoRanks(costs), ranksByDefinition(costs));
    }
  }
  assert.deepEqual(paretoRanks([]), []);
  assert.deepEqual(paretoFront([[1, 3], [2, 2], [3, 1], [3, 3], [1, 3]]), [0, 1, 2, 4]);
});

Deno.test("hypervolume is the volume that is dominated", () => {
  assert.equal(hypervolume([], [1, 1]), 0);
  assert.equal(hypervolume([[2]], [5]), 3);
  assert.equal(hypervolume([[1, 3], [2, 2], [3, 1]], [4, 4]), 6);
  assert.equal(hypervolume([[1, 3], [2, 2], [3, 1], [3, 3], [9, 0], [2, 2]], [4, 4]), 6);
  assert.equal(hypervolume([[0, 0, 0]], [2, 3, 4]), 24);
  // Two boxes of 2 x 2 x 1 and 1 x 1 x 2 that share 1 x 1 x 1.
  assert.equal(hypervolume([[0, 0, 1], [1, 1, 0]], [2, 2, 2]), 5);
  assert.throws(() => hypervolume([[1]], [1, 2]), /expected 2 finite values in point 0, got 1/);
  assert.throws(() => hypervolume([[1, NaN]], [1, 2]), /point 0/);
});

Deno.test("hypervolume in four dimensions agrees with counting random points", () => {
  const stream = random(5, "volume");
  const costs = Array.from({ length: 12 }, () => Array.from({ length: 4 }, () => stream.next()));
  let inside = 0;
  for (let i = 0; i < 40_000; i++) {
    const point = Array.from({ length: 4 }, () => stream.next());
    if (costs.some((cost) => cost.every((value, k) => value <= point[k]))) inside++;
  }
  assert.ok(Math.abs(hypervolume(costs, [1, 1, 1, 1]) - inside / 40_000) < 0.01);
});

Deno.test("crowdingDistances are infinite at the ends, else the spans between neighbours", () => {
  assert.deepEqual(crowdingDistances([[0, 4], [1, 2], [4, 0]]), [Infinity, 2, Infinity]);
  assert.deepEqual(crowdingDistances([[0, 4], [1, 3], [2, 2], [4, 0]]), [Infinity, 1, 1.5, Infinity]);
  assert.deepEqual(crowdingDistances([]), []);
});
