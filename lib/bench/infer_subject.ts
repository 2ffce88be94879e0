// What `bench:infer` calls: a model at one batch size as the bytes of an .onnx file that both sides load, and its inputs.

import { basename } from "node:path";
import {
  type ArrayValue,
  bindDimensions,
  type DimensionSizes,
  elementCount,
  encodeOnnx,
  type Graph,
  graph,
  input,
  readModelFile,
  relu,
} from "../graph/mod.ts";
import { lnspStudent } from "../models/lnsp.ts";
import { setExactWeights } from "./exact_values.ts";
import { type FileSubject, fixedFile } from "./harness/subject.ts";
import { madeInput } from "./harness/made_inputs.ts";

/** A model: a student by its S, an .onnx file of the user, or a graph of nearly no work. */
export type InferSubject = { studentDim: number } | { file: string; sizes?: DimensionSizes } | "no work";

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
  if (!ours) return fixedFile(subject as FileSubject, batchSize);
  const weights = Object.entries(ours.weights).map(([name, { data }]) =>
    [name, new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)] as const
  );
  return encodeOnnx(ours.graph, { weights: Object.fromEntries(weights) });
}

/**
 * Inputs that are the same for both sides; see `madeInput`.
 *
 * @throws {RangeError} when the model of a file has a free dimension without a size, or cannot have this batch size
 * @throws {TypeError} when it has inputs that are no numbers
 */
export function inferInputs(subject: InferSubject, batchSize: number): InferInput[] {
  const { inputs } = readModelFile(modelBytes(subject, batchSize), inferSubjectName(subject));
  return inputs.map((input, stream) => ({ name: input.name, value: madeInput(input, stream) }));
}
