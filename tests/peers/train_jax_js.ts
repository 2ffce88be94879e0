// jax-js's side of `deno task bench:webgpu`, run as a child: the whole Adam step under jit on Deno's WebGPU. It is no dependency of
// this project: arguments are the folder of an unpacked `@jax-js/jax`, student dim and batch size. A batch is sent and the loss
// read at each step, as ours does.

import { join } from "node:path";
import process from "node:process";
import { fillExact, setExactWeights } from "lib/bench/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { connectParent } from "lib/process/mod.ts";

/** What this script uses of jax-js; reading `ref` keeps an array through the next call that takes it. */
interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  transpose(): JaxArray;
  reshape(shape: number[]): JaxArray;
  data(): Promise<Float32Array>;
}
interface Jax {
  init(...devices: string[]): Promise<string[]>;
  defaultDevice(device: string): unknown;
  numpy: {
    array(data: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    mean(a: JaxArray): JaxArray;
    square(a: JaxArray): JaxArray;
    sqrt(a: JaxArray): JaxArray;
  };
  nn: { relu(x: JaxArray): JaxArray };
  valueAndGrad(f: (w: JaxArray[], x: JaxArray) => JaxArray): (w: JaxArray[], x: JaxArray) => [JaxArray, JaxArray[]];
  jit<A extends unknown[], R>(f: (...values: A) => R): (...values: A) => R;
}

const ROWS = 16384;
const WIDTH = 384;
const CHECKED_STEPS = 5;
const [LEARNING_RATE, BETA1, BETA2, EPSILON] = [1e-3, 0.9, 0.999, 1e-8];

async function main([folder, studentText, batchText]: string[]): Promise<void> {
  const parent = connectParent();
  const startMs = performance.now();
  const jax = await import(join(folder, "dist", "index.js")) as Jax;
  if (!(await jax.init("webgpu")).includes("webgpu")) throw new Error("jax-js found no WebGPU");
  jax.defaultDevice("webgpu");
  const step = trainStep(jax);
  const batchSize = Number(batchText);
  const parameters = lnspStudent({ studentDim: Number(studentText) }).trace().parameters.map(({ shape }) => {
    const sizes = shape as number[];
    return { shape: sizes, parameter: new Float32Array(sizes.reduce((count, size) => count * size, 1)) };
  });
  setExactWeights(parameters);
  const upload = (shape: number[], data: Float32Array) => jax.numpy.array(data).reshape(shape);
  const zeros = () => parameters.map(({ shape, parameter }) => upload(shape, new Float32Array(parameter.length)));
  let state = [parameters.map(({ shape, parameter }) => upload(shape, parameter)), zeros(), zeros()];
  const data = fillExact(new Float32Array(ROWS * WIDTH), { stream: 1000, scale: 2 ** -4 });
  let taken = 0;
  const takeStep = async () => {
    const start = (taken * batchSize) % ROWS;
    const x = upload([batchSize, WIDTH], data.slice(start * WIDTH, (start + batchSize) * WIDTH));
    taken++;
    const scalars = [LEARNING_RATE / (1 - BETA1 ** taken), 1 / Math.sqrt(1 - BETA2 ** taken)]
      .map((value) => upload([], Float32Array.of(value)));
    const [loss, ...next] = step(state[0], state[1], state[2], x, scalars[0], scalars[1]);
    state = next as JaxArray[][];
    return (await (loss as JaxArray).data())[0];
  };
  const createMs = performance.now() - startMs;
  const firstMs = performance.now();
  const losses: number[] = [];
  for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await takeStep());
  parent.send({ losses, createMs, checkedStepsMs: performance.now() - firstMs });
  for await (const message of parent.messages) {
    const { settle, steps } = message as { settle: number; steps: number };
    for (let i = 0; i < settle; i++) await takeStep();
    const samplesMs = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const before = performance.now();
      await takeStep();
      samplesMs[i] = performance.now() - before;
    }
    parent.send({ samplesMs });
  }
  process.exit(0);
}

/** Adam as ours computes it; parameters are matrix and bias in turns. */
function trainStep({ numpy, nn, valueAndGrad, jit }: Jax) {
  const lossOf = (weights: JaxArray[], x: JaxArray) => {
    let y = x.ref;
    for (let i = 0; i < weights.length; i += 2) {
      y = numpy.matmul(y, weights[i].transpose()).add(weights[i + 1]);
      if (i < weights.length - 2) y = nn.relu(y);
    }
    return numpy.mean(numpy.square(y.sub(x)));
  };
  const gradient = valueAndGrad(lossOf);
  return jit((w: JaxArray[], m: JaxArray[], v: JaxArray[], x: JaxArray, stepSize: JaxArray, correction: JaxArray) => {
    const [loss, gradients] = gradient(w.map((weight) => weight.ref), x);
    const next: JaxArray[][] = [[], [], []];
    gradients.forEach((g, i) => {
      const last = i === gradients.length - 1;
      const first = m[i].ref.add(g.ref.sub(m[i]).mul(1 - BETA1));
      const second = v[i].mul(BETA2).add(numpy.square(g).mul(1 - BETA2));
      const root = numpy.sqrt(second.ref).mul(last ? correction : correction.ref).add(EPSILON);
      next[0].push(w[i].sub(first.ref.div(root).mul(last ? stepSize : stepSize.ref)));
      next[1].push(first);
      next[2].push(second);
    });
    return [loss, ...next];
  });
}

main(process.argv.slice(2));
