// A model's file on inputs of one's own, beside outputs that it should give: how fast is a variant of a model, and how far off?
// The harness' own file subject is for any model: it makes up inputs, and compares a file with itself.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArrayValue } from "../../graph/mod.ts";
import { projectPath } from "../../process/mod.ts";
import type { OptimizationLevel } from "../../runtime/mod.ts";
import { readValues, storeValues } from "../infer_exchange.ts";
import { compareOutputs } from "../harness/correctness.ts";
import { type OpenedSubject, openModel, type OpenOptions } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";

/** A model with inputs and what it should give. */
export interface ModelCase {
  /** Contents of an .onnx file with fixed shapes. */
  bytes: Uint8Array;
  inputs: Readonly<Record<string, ArrayValue>>;
  /** Of the outputs that are compared. */
  expected: Readonly<Record<string, ArrayValue>>;
}

/** How a case is measured. */
export interface ModelFileOptions {
  name: string;
  /** What ONNX Runtime does to the graph. Default "all". */
  optimization?: OptimizationLevel;
  /** What the outputs may differ by, over the largest. */
  bound: number;
}

const MODEL = "model.onnx";

/** Writes a case into a folder of its own and gives the subject; the caller removes the folder. */
export async function modelFile(
  folder: string,
  { bytes, inputs, expected }: ModelCase,
  { name, optimization = "all", bound }: ModelFileOptions,
): Promise<ModuleSubject> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, MODEL), bytes);
  const stored = (values: ModelCase["inputs"]) =>
    Object.entries(values).map(([tensor, value]) => ({ name: tensor, value }));
  await storeValues(folder, "inputs", stored(inputs));
  await storeValues(folder, "expected", stored(expected));
  return {
    name,
    module: projectPath("lib", "bench", "subjects", "model_file.ts"),
    options: { folder, optimization, bound },
  };
}

/** Opens it, in the process that measures. */
export async function open(
  { folder, optimization, bound }: { folder: string; optimization: OptimizationLevel; bound: number },
  { provider, threads }: Pick<OpenOptions, "provider" | "threads">,
): Promise<OpenedSubject> {
  const opened = await openModel(join(folder, MODEL), readValues(folder, "inputs"), {
    provider,
    threads,
    optimization,
    outputs: "fresh",
  });
  return {
    ...opened,
    outputs: undefined,
    check: () => ({
      reference: "the model in float32",
      bound,
      ...compareOutputs(readValues(folder, "expected"), opened.outputs!()),
    }),
  };
}
