// tfjs-node's side of `deno task bench:train`, run as a child: stock `tf.train.adam` on TensorFlow's native kernels, the batches
// kept as tensors. Arguments: student dim, batch size, threads. Its loss is read in each step, as ours is.

import process from "node:process";
import type * as TfTypes from "@tensorflow/tfjs";
import { loadTfjs } from "lib/runtime/mod.ts";
import { ADAM, answerSteps, ROWS, startingParameters, trainingRows, WIDTH } from "./train_steps.ts";

type Tf = typeof TfTypes;

function build(tf: Tf, studentDim: number, batchSize: number) {
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  const weights = startingParameters(studentDim).map(({ shape, values }) => tf.variable(tf.tensor(values, shape)));
  const data = trainingRows();
  const batches = Array.from({ length: Math.ceil(ROWS / batchSize) }, (_, i) => {
    const rows = data.slice(i * batchSize * WIDTH, (i + 1) * batchSize * WIDTH);
    return tf.tensor2d(rows, [rows.length / WIDTH, WIDTH]);
  });
  const optimizer = tf.train.adam(learningRate, beta1, beta2, epsilon);
  const lossOf = (x: TfTypes.Tensor2D) => {
    let y: TfTypes.Tensor2D = x;
    for (let i = 0; i < weights.length; i += 2) {
      y = tf.matMul(y, weights[i] as TfTypes.Tensor2D, false, true).add(weights[i + 1]);
      if (i < weights.length - 2) y = tf.relu(y);
    }
    return tf.mean(tf.square(tf.sub(y, x))) as TfTypes.Scalar;
  };
  return (n: number): number => {
    const loss = optimizer.minimize(() => lossOf(batches[(n - 1) % batches.length]), true)!;
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  };
}

const [studentDim, batchSize, threads] = process.argv.slice(2).map(Number);
process.env.TF_NUM_INTEROP_THREADS = "1";
const tf = loadTfjs("tfjs-node", { threads });
await answerSteps(tf.version.tfjs, () => Promise.resolve(build(tf, studentDim, batchSize)));
