// deno task export: a checkpoint as one .onnx file, and how to use it from Python and Node.

import { basename, resolve } from "node:path";
import process from "node:process";
import { ELEMENT_ARRAYS, type Graph } from "../graph/mod.ts";
import { writeFileAtomic } from "../process/mod.ts";
import {
  EXPORT_DTYPES,
  exportCheckpoint,
  type ExportDtype,
  type ExportedModel,
  type ExportOptions,
} from "../train/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const USAGE =
  "deno task export CHECKPOINT [--part NAME] [--dtype fp32|fp16|int8|int4] [--batch N] [--fused] [--out FILE]";

/** Options of a command line. */
export function exportOptions(args: string[]): { folder: string; out: string | null; options: ExportOptions } {
  const { values, positionals } = parseCommand(args, {
    part: { type: "string" },
    dtype: { type: "string", default: "fp32" },
    batch: { type: "string" },
    fused: { type: "boolean", default: false },
    out: { type: "string" },
  });
  if (positionals.length !== 1) throw new CommandError(`Cannot export: expected one checkpoint folder: ${USAGE}`);
  const dtype = exportDtype(values.dtype);
  const batch = values.batch === undefined ? null : Number(values.batch);
  if (batch !== null && !(Number.isInteger(batch) && batch >= 1)) {
    throw new CommandError(`Cannot export: expected --batch to be an integer of at least 1, got "${values.batch}"`);
  }
  return {
    folder: positionals[0],
    out: values.out ?? null,
    options: { part: values.part ?? null, dtype, batch, fused: values.fused },
  };
}

/** Runs `deno task export`; writes one file and prints ten lines that use it. */
export async function exportMain(args: string[], terminal: Terminal): Promise<number> {
  const { folder, out, options } = exportOptions(args);
  const model = await exportCheckpoint(resolve(folder), options).catch((error) => {
    // What the checkpoint or the options lack is the user's to mend.
    if (error instanceof RangeError || error instanceof TypeError) throw new CommandError(error.message);
    throw error;
  });
  const file = out ?? defaultName(model.metadata.model, options);
  await writeFileAtomic(resolve(file), model.bytes);
  for (const line of exportedLines(file, model)) terminal.line(line);
  return 0;
}

/** A dtype of `--dtype`, checked before anything is read. */
export function exportDtype(text: string): ExportDtype {
  const dtype = text as ExportDtype;
  if (EXPORT_DTYPES.includes(dtype)) return dtype;
  throw new CommandError(`Cannot export: expected --dtype ${EXPORT_DTYPES.join(", ")}, got "${text}"`);
}

/** What was written, and how to use it. */
export function exportedLines(file: string, { bytes, graph, metadata }: ExportedModel): string[] {
  const told = ["inputs", "outputs", "dataset", "float16Range"].filter((key) => key in metadata);
  return [
    `${file}: ${(bytes.length / 1e6).toFixed(2)} MB, ${metadata.dtype}`,
    ...told.map((key) => `  ${key}: ${metadata[key]}`),
    "",
    "Python (pip install onnxruntime):",
    ...pythonLines(file, graph),
    "",
    `Node (npm install onnxruntime-node), as ${basename(file, ".onnx")}.mjs:`,
    ...nodeLines(file, graph),
  ];
}

function defaultName(model: string, { part, dtype, batch, fused }: ExportOptions): string {
  return [model, part, dtype, batch && `batch${batch}`, fused && "fused"].filter(Boolean).join("-") + ".onnx";
}

const PYTHON_TYPES: Record<string, string> = { bool: "bool_" };
const BATCH = 4;

/** Inputs by name with a shape in numbers: four rows where the batch is free. */
function exampleInputs({ inputs }: Graph) {
  return Object.entries(inputs).map(([name, { dtype, shape }]) => {
    const sizes = shape.map((dim) => (typeof dim === "number" ? dim : BATCH));
    return { name, dtype, sizes, count: sizes.reduce((product, size) => product * size, 1) };
  });
}

/** Five lines of Python that run the model. */
export function pythonLines(file: string, graph: Graph): string[] {
  const feeds = exampleInputs(graph).map(({ name, dtype, sizes }) =>
    `"${name}": np.zeros((${sizes.join(", ")}${sizes.length === 1 ? "," : ""}), dtype=np.${
      PYTHON_TYPES[dtype] ?? dtype
    })`
  );
  const [first] = Object.keys(graph.outputs);
  return [
    "import numpy as np, onnxruntime as ort",
    `session = ort.InferenceSession(${JSON.stringify(file)}, providers=["CPUExecutionProvider"])`,
    `feeds = {${feeds.join(", ")}}  # your data here`,
    "outputs = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))",
    `print(${JSON.stringify(first)}, outputs[${JSON.stringify(first)}].shape)`,
  ];
}

/** Five lines of JavaScript that run the model. */
export function nodeLines(file: string, graph: Graph): string[] {
  const feeds = exampleInputs(graph).map(({ name, dtype, sizes, count }) =>
    `${JSON.stringify(name)}: new ort.Tensor("${dtype}", new ${ELEMENT_ARRAYS[dtype].name}(${count}), [${
      sizes.join(", ")
    }])`
  );
  const [first] = Object.keys(graph.outputs);
  return [
    'import ort from "onnxruntime-node";',
    `const session = await ort.InferenceSession.create(${JSON.stringify(file)});`,
    `const feeds = { ${feeds.join(", ")} }; // your data here`,
    "const outputs = await session.run(feeds);",
    `console.log(${JSON.stringify(first)}, outputs[${JSON.stringify(first)}].dims);`,
  ];
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args) => exportMain(args, ownTerminal()));
}
