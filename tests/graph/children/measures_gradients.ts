// Computes the gradients of a deep model a few times and sends how far the memory grew. Arguments: segments.

import process from "node:process";
import { elementCount } from "lib/graph/mod.ts";
import { initialValues } from "lib/nn/mod.ts";
import { connectParent, PeakMemory } from "lib/process/mod.ts";
import { compile, warmUpEngine } from "lib/runtime/mod.ts";
import { deepGradients } from "../deep_model.ts";

const parent = connectParent();
const whole = deepGradients({ layers: 16, width: 32, batch: 4096 }, Number(process.argv[2]));
const float32 = (shape: readonly number[], data: Float32Array = new Float32Array(elementCount(shape))) =>
  ({ dtype: "float32", shape, data }) as const;
const shapes = Object.values(whole.inputs).map(({ shape }) => shape as number[]);
const feeds = Object.fromEntries([
  ...Object.keys(whole.inputs).map((name, i) => [name, float32(shapes[i])] as const),
  ...whole.parameters.map((leaf) =>
    [leaf.source.name, float32(leaf.shape as number[], initialValues(leaf, 1))] as const
  ),
]);
feeds.x.data.forEach((_, i) => (feeds.x.data[i] = Math.sin(i)));
const fetches = Object.fromEntries(
  Object.entries(whole.outputs).map(([name, { shape }]) => [name, float32(shape as number[])] as const),
);
await warmUpEngine();
const memory = new PeakMemory();
const session = await compile(whole, { threads: 1 });
const bound = session.bind(feeds, fetches);
for (let i = 0; i < 3; i++) await bound.run();
parent.send({ growthBytes: memory.end() - memory.baselineRssBytes, loss: fetches.loss.data[0] });
process.exit(0);
