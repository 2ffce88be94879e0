// Run as a child: our side of the teacher's benchmark. Arguments: texts, batch size, threads. It first sends the embeddings of the first
// texts, then embeds as often as it is asked to and sends how long each time took, tokenization included.

import process from "node:process";
import { loadDataset } from "../data/mod.ts";
import { embedTexts, loadTeacher } from "../models/teacher.ts";
import { connectParent } from "../process/mod.ts";
import { CHECKED_TEXTS } from "./teacher_benchmark.ts";

async function main([count, batchSize, threads]: number[]): Promise<void> {
  const parent = connectParent();
  const startMs = performance.now();
  const teacher = await loadTeacher({ threads });
  const createMs = performance.now() - startMs;
  const { text } = (await loadDataset("wordnet-20k")).texts;
  const checked = await embedTexts(teacher, text.slice(0, CHECKED_TEXTS), { batchSize });
  parent.send({ embeddings: Array.from(checked.data), createMs });
  let position = 0;
  const takeStep = async () => {
    const texts = text.slice(position, position + count);
    position = position + 2 * count > text.length ? 0 : position + count;
    await embedTexts(teacher, texts, { batchSize });
  };
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
  await teacher.release();
}

main(process.argv.slice(2).map(Number));
