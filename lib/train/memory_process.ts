// Run as a child: trains a program on random rows for a few epochs and sends how far its resident memory grew.

import { createHash } from "node:crypto";
import process from "node:process";
import { type ArrayValue, elementCount } from "../graph/mod.ts";
import { TRAINING_STEP } from "../nn/mod.ts";
import { connectParent, PeakMemory } from "../process/mod.ts";
import { warmUpEngine } from "../runtime/mod.ts";
import { random } from "../statistics/mod.ts";
import type { MeasuredTraining, MemoryOrder } from "./measured_memory.ts";
import { adam } from "./optimizer.ts";
import { deserializeProgram, rowShape, type TrainingProgram } from "./program.ts";
import { trainProgram } from "./train.ts";
import type { TrainingData } from "./training_data.ts";

async function main(): Promise<void> {
  const parent = connectParent();
  for await (const message of parent.messages) {
    const { program: serialized, batchSize, validationRows, stepsPerEpoch, ...cost } = message as MemoryOrder;
    const program = deserializeProgram(serialized);
    const data = randomRows(program, { train: stepsPerEpoch * batchSize, validation: validationRows });
    await warmUpEngine("cpu", { flushDenormals: true });
    const memory = new PeakMemory();
    const settings = { optimizer: adam({ learningRate: 1e-4 }), batchSize, seed: 1, ...cost };
    const { weights } = await trainProgram(program, data, { settings }).result;
    const growthBytes = memory.end() - memory.baselineRssBytes;
    parent.send({ growthBytes, weightsSha256: hashOf(weights) } satisfies MeasuredTraining);
    break;
  }
  process.exit(0);
}

function hashOf(weights: Readonly<Record<string, ArrayValue>>): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(weights).sort()) {
    const { buffer, byteOffset, byteLength } = weights[name].data;
    hash.update(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

function randomRows(program: TrainingProgram, { train, validation }: { train: number; validation: number }) {
  const generator = random(1, "memory");
  const rows = train + validation;
  const { [TRAINING_STEP]: _, ...inputs } = { ...program.loss.inputs, ...program.metrics.inputs };
  const columns = Object.entries(inputs).map(([name, tensor]) => {
    const shape = [rows, ...rowShape(tensor, name)];
    const data = generator.fillNormal(new Float32Array(elementCount(shape)), 0, 0.05);
    return [name, { dtype: "float32" as const, shape, data }] as const;
  });
  const indices = Uint32Array.from({ length: rows }, (_, i) => i);
  return {
    reference: { dataset: "random", columns: {}, hash: "random" },
    columns: Object.fromEntries(columns),
    train: indices.subarray(0, train),
    validation: indices.subarray(train),
  } satisfies TrainingData;
}

main();
