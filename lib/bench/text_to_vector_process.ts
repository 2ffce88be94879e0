// The process of `measureTextToVector`: loads the teacher and a student, then embeds texts, with or without the student.

import { loadDataset } from "../data/mod.ts";
import { deserializeGraph, graph as closeGraph } from "../graph/mod.ts";
import { embedTexts, loadTeacher } from "../models/teacher.ts";
import { initialValues } from "../nn/mod.ts";
import { connectParent } from "../process/mod.ts";
import { type ArrayValue, compile } from "../runtime/mod.ts";
import { batchesOf, type TextToVectorTask } from "./text_to_vector.ts";

interface Turn {
  settle: number;
  steps: number;
  repeat: number;
  endToEnd: boolean;
}

async function build({ student, batchSize, threads }: TextToVectorTask) {
  const start = performance.now();
  const teacher = await loadTeacher({ threads });
  const loadMs = performance.now() - start;
  const whole = deserializeGraph(student);
  const weights: Record<string, ArrayValue> = Object.fromEntries(
    whole.parameters.map((leaf) => [
      leaf.source.name,
      { dtype: "float32", shape: leaf.shape as number[], data: initialValues(leaf, 1) },
    ]),
  );
  const encoder = closeGraph(whole.name, { latent: whole.outputs.latent });
  const session = await compile(encoder, { threads, weights });
  // The same texts in every call of both sides: texts differ in length, and what they differ in must not count as a difference of sides.
  const { text } = (await loadDataset("wordnet-20k")).texts;
  const batches = Array.from(
    { length: batchesOf(batchSize) },
    (_, i) => text.slice(i * batchSize, (i + 1) * batchSize),
  );
  const call = async (endToEnd: boolean) => {
    for (const texts of batches) {
      const { data, shape } = await embedTexts(teacher, texts, { batchSize });
      if (endToEnd) await session.run({ x: { dtype: "float32", shape, data } });
    }
  };
  return { call, loadMs };
}

const parent = connectParent();
parent.send("ready");
let call: ((endToEnd: boolean) => Promise<void>) | null = null;
for await (const message of parent.messages) {
  if (call === null) {
    const built = await build(message as TextToVectorTask);
    call = built.call;
    parent.send({ loadMs: built.loadMs });
    continue;
  }
  const { settle, steps, repeat, endToEnd } = message as Turn;
  for (let i = 0; i < settle * repeat; i++) await call(endToEnd);
  const samplesMs = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    const before = performance.now();
    for (let k = 0; k < repeat; k++) await call(endToEnd);
    samplesMs[i] = (performance.now() - before) / repeat;
  }
  parent.send({ samplesMs });
}
