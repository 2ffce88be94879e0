import assert from "node:assert/strict";
import { assertAllClose } from "../assertions.ts";
import { bindDimensions, gradients, graph, input, interpret, type Tensor } from "../../lib/graph/mod.ts";
import { cosineSimilarities, neighbourLoss, similarityLoss } from "../../lib/nn/mod.ts";
import { compile } from "../../lib/runtime/mod.ts";
import { random } from "../../lib/statistics/mod.ts";

const ROWS = 5;
const values = (name: string, width: number) => ({
  shape: [ROWS, width],
  data: random("relational losses", name).fillNormal(new Float64Array(ROWS * width), 0, 1),
});
const FEEDS = { latent: values("latent", 2), teacher: values("teacher", 3) };

type PairLoss = (latent: Tensor, teacher: Tensor) => Tensor;
const lossGraph = (build: PairLoss) =>
  graph("loss", { loss: build(input("latent", "float32", ["batch", 2]), input("teacher", "float32", ["batch", 3])) });
const valueOf = (build: PairLoss, feeds: typeof FEEDS = FEEDS) => interpret(lossGraph(build), feeds).loss.data[0];

/** Cosines by plain loops. */
function cosines({ shape: [rows, width], data }: { shape: number[]; data: Float64Array }): number[][] {
  const row = (i: number) => [...data.subarray(i * width, (i + 1) * width)];
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const indices = Array.from({ length: rows }, (_, i) => i);
  return indices.map((i) =>
    indices.map((j) => dot(row(i), row(j)) / Math.sqrt(dot(row(i), row(i)) * dot(row(j), row(j))))
  );
}

/** Kullback-Leibler divergence of distributions over the other rows, from its definition. */
function plainNeighbourLoss(temperature: number): number {
  const [student, teacher] = [cosines(FEEDS.latent), cosines(FEEDS.teacher)];
  const distribution = (row: number[], i: number) => {
    const weights = row.map((value, j) => (j === i ? 0 : Math.exp(value / temperature)));
    const total = weights.reduce((sum, value) => sum + value, 0);
    return weights.map((value) => value / total);
  };
  const rows = teacher.map((row, i) => {
    const [p, q] = [distribution(row, i), distribution(student[i], i)];
    return p.reduce((sum, value, j) => (j === i ? sum : sum + value * Math.log(value / q[j])), 0);
  });
  return rows.reduce((sum, value) => sum + value, 0) / ROWS;
}

Deno.test("cosineSimilarities has the cosines of all pairs, and 0 for rows of zeros", () => {
  const { y } = interpret(graph("g", { y: cosineSimilarities(input("x", "float32", ["batch", 3])) }), {
    x: FEEDS.teacher,
  });
  assertAllClose(y.data, cosines(FEEDS.teacher).flat(), { rtol: 1e-9, atol: 1e-9 });
  const zeros = interpret(graph("g", { y: cosineSimilarities(input("x", "float32", [2, 2])) }), {
    x: { data: [0, 0, 1, 0] },
  });
  assertAllClose(zeros.y.data, [0, 0, 0, 1], { atol: 1e-9 });
});

Deno.test("relational losses have their definitions' values, and are 0 for the teacher itself", () => {
  const [student, teacher] = [cosines(FEEDS.latent).flat(), cosines(FEEDS.teacher).flat()];
  const squares = student.reduce((sum, value, i) => sum + (value - teacher[i]) ** 2, 0);
  assertAllClose([valueOf(similarityLoss)], [squares / ROWS ** 2], { rtol: 1e-9 });
  for (const temperature of [0.05, 0.5]) {
    const built = valueOf((latent, target) => neighbourLoss(latent, target, { temperature }));
    assertAllClose([built], [plainNeighbourLoss(temperature)], { rtol: 1e-8 });
    assertAllClose([valueOf((_, target) => neighbourLoss(target, target, { temperature }))], [0], { atol: 1e-12 });
  }
});

Deno.test("relational losses do not depend on the length of vectors", () => {
  const longer = { ...FEEDS.latent, data: FEEDS.latent.data.map((value) => 7 * value) };
  const build: PairLoss = (latent, teacher) => neighbourLoss(latent, teacher, { temperature: 0.1 });
  assertAllClose([valueOf(build, { ...FEEDS, latent: longer })], [valueOf(build)], { rtol: 1e-9 });
});

Deno.test("gradients of relational losses agree with finite differences", () => {
  const builds: PairLoss[] = [similarityLoss, (a, b) => neighbourLoss(a, b, { temperature: 0.3 })];
  for (const build of builds) {
    const fixed = bindDimensions(lossGraph(build), { batch: ROWS });
    const [slope] = gradients(fixed.outputs.loss, [fixed.inputs.latent]);
    const analytic = interpret(graph("gradient", { slope }), FEEDS).slope.data;
    const numeric = FEEDS.latent.data.map((_, i) => {
      const at = (step: number) => {
        const data = FEEDS.latent.data.map((value, j) => (j === i ? value + step : value));
        return valueOf(build, { ...FEEDS, latent: { ...FEEDS.latent, data } });
      };
      return (at(1e-5) - at(-1e-5)) / 2e-5;
    });
    assertAllClose(analytic, numeric, { rtol: 1e-6, atol: 1e-8 });
  }
});

Deno.test("ONNX Runtime computes relational losses at a temperature where most of a row's weights underflow", async () => {
  const build: PairLoss = (latent, teacher) => neighbourLoss(latent, teacher, { temperature: 0.01 });
  const session = await compile(lossGraph(build), { threads: 1 });
  const narrow = ({ shape, data }: { shape: number[]; data: Float64Array }) =>
    ({ dtype: "float32", shape, data: Float32Array.from(data) }) as const;
  const { loss } = await session.run({ latent: narrow(FEEDS.latent), teacher: narrow(FEEDS.teacher) });
  await session.release();
  assertAllClose(loss.data as Float32Array, [valueOf(build)], { rtol: 1e-4 });
});

Deno.test("relational losses refuse temperatures that are not above 0, and other rows", () => {
  const x = input("x", "float32", ["batch", 2]);
  for (const temperature of [0, -1, NaN, Infinity]) {
    assert.throws(() => neighbourLoss(x, x, { temperature }), /expected a temperature above 0, got/);
  }
  const other = input("other", "float32", [7, 2]);
  assert.throws(() => similarityLoss(x, other), /expected \[7, width\], got \[batch, 2\]/);
  assert.throws(() => cosineSimilarities(input("x", "float32", ["batch", 2, 2])), /expected \[batch, width\]/);
});
