// A model of any size with seeded random weights, written as the hub's are: for what depends on shapes alone, such as speed and memory.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type TensorLayout, writeSafetensorsInParts } from "../../data/mod.ts";
import { elementCount } from "../../graph/mod.ts";
import { writeFileAtomic } from "../../process/mod.ts";
import { type Random, random } from "../../statistics/mod.ts";
import { LFM2_1_2B, readLfm2Config } from "./config.ts";
import { lfm2Graph } from "./model.ts";

/** Half the width of the uniform distribution whose standard deviation is 0.02, transformers' for new models. */
const BOUND = 0.02 * Math.sqrt(3);
const VALUES_AT_ONCE = 2 ** 22;
const BFLOAT16_ONE = 0x3f80;

/**
 * Writes `config.json` and `model.safetensors` in bfloat16: matrices uniform with a standard deviation of 0.02, norms 1. What such a model says
 * means nothing; its file says that it is random.
 *
 * @param config as `config.json`. Default: that of LFM2-1.2B, whose file takes 2.3 GB
 * @throws {RangeError | TypeError} as `readLfm2Config`
 */
export async function writeRandomLfm2(
  folder: string,
  { config = LFM2_1_2B, seed = 1, signal }: { config?: unknown; seed?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const { parameters } = lfm2Graph(readLfm2Config(config));
  const shapes = parameters.map(({ source: { name }, shape }) => [name, shape as number[]] as const);
  const layout = shapes.map(([name, shape]): [string, TensorLayout] => [name, { dtype: "BF16", shape }]);
  const table = bfloat16Table();
  await mkdir(folder, { recursive: true });
  await writeSafetensorsInParts(join(folder, "model.safetensors"), Object.fromEntries(layout), {
    metadata: { format: "pt", weights: `random, seed ${seed}` }, // older transformers read no other format
    fill: async (write) => {
      for (const [name, shape] of shapes) {
        const stream = random(seed, "lfm2", name);
        const count = elementCount(shape);
        for (let first = 0; first < count; first += VALUES_AT_ONCE) {
          signal?.throwIfAborted();
          const values = new Uint16Array(Math.min(VALUES_AT_ONCE, count - first));
          if (name.endsWith("norm.weight")) values.fill(BFLOAT16_ONE);
          else fillFrom(table, stream, values);
          await write(name, 2 * first, new Uint8Array(values.buffer));
        }
      }
    },
  });
  await writeFileAtomic(join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
}

/** The bfloat16 of each of 65,536 steps between the bounds. */
function bfloat16Table(): Uint16Array {
  const steps = Float32Array.from({ length: 65536 }, (_, i) => ((i + 0.5) / 32768 - 1) * BOUND);
  return Uint16Array.from(new Uint32Array(steps.buffer), (word) => word >>> 16);
}

/** Two values of each 32 random bits. */
function fillFrom(table: Uint16Array, stream: Random, values: Uint16Array): void {
  for (let i = 0; i < values.length; i += 2) {
    const bits = stream.nextUint32();
    values[i] = table[bits >>> 16];
    values[i + 1] = table[bits & 0xffff];
  }
}
