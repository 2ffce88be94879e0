// Run as a child: our side of `bench:infer`. Arguments: folder, JSON of the subject, batch size, threads. It first writes its
// outputs, then makes the calls that it is asked for and sends how long they took: a sample is the mean of `repeat` calls.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { connectParent } from "../process/mod.ts";
import { type ArrayValue, type BoundRun, compile, type ModelSession, openOnnxFile } from "../runtime/mod.ts";
import { MODEL_FILE, readValues, storeValues } from "./infer_exchange.ts";
import { type InferSubject, modelBytes, type OurModel, ourModel } from "./infer_subject.ts";

/** What is opened: a call in fixed memory, and that memory. */
interface Opened {
  bound: BoundRun;
  outputs: Record<string, ArrayValue>;
}

/** The calls that are timed: as a user makes them, one after another, each awaited. */
async function call(bound: BoundRun, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await bound.run();
}

async function openModel({ graph, weights }: OurModel, feeds: Record<string, ArrayValue>, threads: number) {
  return await opened(await compile(graph, { threads, weights }), feeds);
}

async function openFile(path: string, feeds: Record<string, ArrayValue>, threads: number): Promise<Opened> {
  return await opened(await openOnnxFile(path, { threads }), feeds);
}

async function opened(session: ModelSession, feeds: Record<string, ArrayValue>): Promise<Opened> {
  const outputs = await session.run(feeds);
  return { bound: session.bind(feeds, outputs), outputs };
}

async function main([folder, subjectText, batchText, threadsText]: string[]): Promise<void> {
  const parent = connectParent();
  const subject = JSON.parse(subjectText) as InferSubject;
  const [batchSize, threads] = [Number(batchText), Number(threadsText)];
  const path = join(folder, MODEL_FILE);
  if (!readFileSync(path).equals(modelBytes(subject, batchSize))) {
    throw new Error("the file is another model than ours");
  }
  const model = ourModel(subject, batchSize);
  const feeds = readValues(folder, "inputs");
  const startMs = performance.now();
  const { bound, outputs } = await (model ? openModel(model, feeds, threads) : openFile(path, feeds, threads));
  const createMs = performance.now() - startMs;
  const firstMs = performance.now();
  await call(bound, 1);
  const checkedStepsMs = performance.now() - firstMs;
  await storeValues(folder, "ours", Object.entries(outputs).map(([name, value]) => ({ name, value })));
  parent.send({ createMs, checkedStepsMs });
  for await (const message of parent.messages) {
    const { settle, steps, repeat } = message as { settle: number; steps: number; repeat: number };
    await call(bound, settle * repeat);
    const samplesMs = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const before = performance.now();
      await call(bound, repeat);
      samplesMs[i] = (performance.now() - before) / repeat;
    }
    parent.send({ samplesMs });
  }
}

main(process.argv.slice(2));
