// What `bench:infer` calls: a model at one batch size as the bytes of an .onnx file that both sides load, and its inputs.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  type ArrayValue,
  bindDimensions,
  elementCount,
  encodeOnnx,
  type Graph,
  graph,
  input,
  relu,
} from "../graph/mod.ts";
import { lnspStudent } from "../models/lnsp.ts";
import { loadOnnxRuntime } from "../runtime/mod.ts";
import { fillExact, setExactWeights } from "./exact_values.ts";

/** A model: a student by its S, an .onnx file of the user, or a graph of nearly no work. */
export type InferSubject = { studentDim: number } | { file: string } | "no work";

/** A model of ours at one batch size, and the values that are stored in it. */
export interface OurModel {
  graph: Graph;
  weights: Record<string, ArrayValue>;
}

/** An input of a model. */
export interface InferInput {
  name: string;
  value: ArrayValue;
}

const INPUT_STREAM = 2000;

/** A subject's name in a cell. */
export function inferSubjectName(subject: InferSubject): string {
  if (subject === "no work") return subject;
  return "file" in subject ? basename(subject.file) : `S=${subject.studentDim}`;
}

/** The graph and weights of a subject; null for a file. */
export function ourModel(subject: InferSubject, batchSize: number): OurModel | null {
  if (subject === "no work") return { graph: graph("no work", { y: relu(input("x", "float32", [1])) }), weights: {} };
  if ("file" in subject) return null;
  const whole = lnspStudent(subject).trace();
  const model = bindDimensions(graph(whole.name, { output: whole.outputs.output }), { batch: batchSize });
  const parameters = model.parameters.map(({ source, shape }) => {
    const sizes = shape as number[];
    return { name: source.name, shape: sizes, parameter: new Float32Array(elementCount(sizes)) };
  });
  setExactWeights(parameters);
  const stored = parameters.map(({ name, shape, parameter }) =>
    [name, { dtype: "float32", shape, data: parameter }] as const
  );
  return { graph: model, weights: Object.fromEntries(stored) };
}

/** The bytes of the file that both sides load. */
export function modelBytes(subject: InferSubject, batchSize: number): Uint8Array {
  const ours = ourModel(subject, batchSize);
  if (!ours) return readFileSync((subject as { file: string }).file);
  const weights = Object.entries(ours.weights).map(([name, { data }]) =>
    [name, new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)] as const
  );
  return encodeOnnx(ours.graph, { weights: Object.fromEntries(weights) });
}

/**
 * Inputs that are the same for both sides: numbers in [-1, 1), integers from 0 to 99.
 *
 * @throws {RangeError} when the model of a file has several free dimensions, or cannot have this batch size
 * @throws {TypeError} when it has inputs of another type than float32, int64 and int32
 */
export async function inferInputs(subject: InferSubject, batchSize: number): Promise<InferInput[]> {
  const ours = ourModel(subject, batchSize);
  const declared = ours
    ? Object.entries(ours.graph.inputs).map(([name, { dtype, shape }]) => ({ name, dtype: dtype as string, shape }))
    : await fileInputs((subject as { file: string }).file, batchSize);
  return declared.map(({ name, dtype, shape }, i) => ({ name, value: exactInput(name, { dtype, shape, stream: i }) }));
}

function exactInput(
  name: string,
  { dtype, shape, stream }: { dtype: string; shape: readonly (number | string)[]; stream: number },
): ArrayValue {
  const sizes = shape as number[];
  const numbers = fillExact(new Float32Array(elementCount(sizes)), { stream: INPUT_STREAM + stream });
  const integers = () => Array.from(numbers, (value) => Math.floor((value + 1) * 50));
  if (dtype === "float32") return { dtype, shape: sizes, data: numbers };
  if (dtype === "int32") return { dtype, shape: sizes, data: Int32Array.from(integers()) };
  if (dtype === "int64") return { dtype, shape: sizes, data: BigInt64Array.from(integers(), BigInt) };
  throw new TypeError(`Cannot benchmark: expected inputs of float32, int64 or int32, got ${dtype} for ${name}`);
}

async function fileInputs(file: string, batchSize: number) {
  const ort = await loadOnnxRuntime();
  const session = await ort.InferenceSession.create(file, { executionProviders: ["cpu"], logSeverityLevel: 3 });
  const inputs = session.inputMetadata.map((meta) => {
    if (meta.isTensor) return { name: meta.name, dtype: meta.type as string, shape: meta.shape };
    throw new TypeError(`Cannot benchmark: ${meta.name} of ${basename(file)} is no tensor`);
  });
  await session.release();
  const free = new Set(inputs.flatMap(({ shape }) => shape.filter((size) => typeof size === "string" || size < 0)));
  if (free.size > 1) {
    throw new RangeError(`Cannot benchmark: expected one free dimension in ${basename(file)}, got ${[...free]}`);
  }
  const fixed = inputs[0]?.shape[0];
  if (free.size === 0 && fixed !== batchSize) {
    throw new RangeError(
      `Cannot benchmark: expected batch ${fixed}, which ${basename(file)} has fixed, got ${batchSize}`,
    );
  }
  return inputs.map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape: shape.map((size) => (free.has(size) ? batchSize : size)),
  }));
}
