// jax-js's side of `deno task bench:train` (WebAssembly) and `deno task bench:webgpu`, run as a child: the whole Adam step under
// jit. Arguments: device, student dim, batch size, and for WebAssembly the number of threads. A batch is sent and the loss read
// at each step, as ours does.

import { readFileSync } from "node:fs";
import process from "node:process";
import { projectPath } from "lib/process/mod.ts";
import { ADAM, answerSteps, ROWS, startingParameters, trainingRows, WIDTH } from "./train_steps.ts";

type Jax = typeof import("@jax-js/jax");
type JaxArray = import("@jax-js/jax").Array;

async function build(device: "wasm" | "webgpu", studentDim: number, batchSize: number) {
  const jax = await import("@jax-js/jax");
  if (!(await jax.init(device)).includes(device)) throw new Error(`Cannot run jax-js: it found no ${device}`);
  jax.defaultDevice(device);
  const step = trainStep(jax);
  const parameters = startingParameters(studentDim);
  const upload = (shape: number[], data: Float32Array<ArrayBuffer>) => jax.numpy.array(data).reshape(shape);
  const zeros = () => parameters.map(({ shape, values }) => upload(shape, new Float32Array(values.length)));
  let state = [
    parameters.map(({ shape, values }) => upload(shape, values as Float32Array<ArrayBuffer>)),
    zeros(),
    zeros(),
  ];
  const data = trainingRows();
  return async (n: number) => {
    const start = ((n - 1) * batchSize) % ROWS;
    const rows = data.slice(start * WIDTH, (start + batchSize) * WIDTH);
    const x = upload([rows.length / WIDTH, WIDTH], rows);
    const [stepSize, correction] = [ADAM.learningRate / (1 - ADAM.beta1 ** n), 1 / Math.sqrt(1 - ADAM.beta2 ** n)]
      .map((value) => upload([], Float32Array.of(value)));
    const [loss, ...next] = step(state[0], state[1], state[2], x, stepSize, correction) as [JaxArray, ...JaxArray[][]];
    state = next;
    return (await loss.data())[0];
  };
}

/** Adam as ours computes it; parameters are matrix and bias in turns. Reading `ref` keeps an array through the next call that takes it. */
function trainStep({ numpy, nn, valueAndGrad, jit }: Jax) {
  const lossOf = (weights: JaxArray[], x: JaxArray) => {
    let y = x.ref;
    for (let i = 0; i < weights.length; i += 2) {
      y = numpy.matmul(y, weights[i].transpose()).add(weights[i + 1]);
      if (i < weights.length - 2) y = nn.relu(y) as JaxArray;
    }
    return numpy.mean(numpy.square(y.sub(x))) as JaxArray;
  };
  const gradient = valueAndGrad(lossOf);
  return jit((w: JaxArray[], m: JaxArray[], v: JaxArray[], x: JaxArray, stepSize: JaxArray, correction: JaxArray) => {
    const [loss, gradients] = gradient(w.map((weight) => weight.ref), x) as [JaxArray, JaxArray[]];
    const next: JaxArray[][] = [[], [], []];
    gradients.forEach((g, i) => {
      const last = i === gradients.length - 1;
      const first = m[i].ref.add(g.ref.sub(m[i]).mul(1 - ADAM.beta1));
      const second = v[i].mul(ADAM.beta2).add((numpy.square(g) as JaxArray).mul(1 - ADAM.beta2));
      const root = (numpy.sqrt(second.ref) as JaxArray).mul(last ? correction : correction.ref).add(ADAM.epsilon);
      next[0].push(w[i].sub(first.ref.div(root).mul(last ? stepSize : stepSize.ref)));
      next[1].push(first);
      next[2].push(second);
    });
    return [loss, ...next];
  });
}

const [device, studentDim, batchSize, threads] = process.argv.slice(2);
if (threads !== undefined) {
  // jax-js starts as many workers as there are cores and has no option for it.
  Object.defineProperty(navigator, "hardwareConcurrency", { value: Number(threads), configurable: true });
}
const { version } = JSON.parse(readFileSync(projectPath("node_modules/@jax-js/jax/package.json"), "utf8"));
await answerSteps(version, () => build(device as "wasm" | "webgpu", Number(studentDim), Number(batchSize)));
