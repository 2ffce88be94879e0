// The grid of CoreML's configurations: compute units x number format x batch, on a student of lib/models/lnsp.ts as MLProgram with shapes
// that are fixed for each batch. What CoreML's provider runs on no machine, such as int8, is a cell with its reason and is not timed.
// Not yet run on a Mac: elsewhere tests hold that every cell is asked for as it should be, and covered by CoreML's rules.

import { type ArrayValue, graph, quantizeDynamicInt8, toFloat16, topologicalOrder } from "../../graph/mod.ts";
import { lnspStudent } from "../../models/lnsp.ts";
import { initialValues } from "../../nn/mod.ts";
import { COREML_UNITS, type CoreMlUnits, knownRefusal } from "../../runtime/mod.ts";
import type { GraphSubject } from "../harness/subject.ts";

/** Number formats of the grid. */
export const COREML_FORMATS = ["fp32", "fp16", "int8"] as const;
/** One of {@link COREML_FORMATS}. */
export type CoreMlFormat = typeof COREML_FORMATS[number];

/** One configuration, and what `measure` made of it. */
export interface CoreMlCell<T> {
  units: CoreMlUnits;
  format: CoreMlFormat;
  batchSize: number;
  /** Why the provider runs it nowhere; null where it was left to `measure`. */
  refusal: string | null;
  /** Null with a refusal. */
  measured: T | null;
}

/** What the grid spans. */
export interface CoreMlGridOptions<T> {
  /** Width of the student, 384-S-192-S-384. */
  studentDim: number;
  batchSizes: readonly number[];
  /** Default: all. */
  formats?: readonly CoreMlFormat[];
  /** Measures a subject with a provider's name as `parseProvider` takes it. */
  measure: (
    subject: GraphSubject,
    options: { provider: string; batchSize: number; format: CoreMlFormat },
  ) => Promise<T>;
}

/**
 * Goes through all configurations, format by format, batch by batch.
 *
 * @returns a cell each
 * @throws {RangeError} when there is no batch
 *
 * @example
 * ```ts
 * import { coreMlGrid } from "lib/bench/subjects/coreml_grid.ts";
 * const measure = (_: unknown, { provider }: { provider: string }) => Promise.resolve(provider);
 * const cells = await coreMlGrid({ studentDim: 16, batchSizes: [1], formats: ["fp32", "int8"], measure });
 * const [whole, refused] = [cells[0], cells[4]];
 * if (!whole.measured?.startsWith("coreml:") || refused.measured !== null) throw new Error("int8 is not timed");
 * ```
 */
export async function coreMlGrid<T>(
  { studentDim, batchSizes, formats = COREML_FORMATS, measure }: CoreMlGridOptions<T>,
): Promise<CoreMlCell<T>[]> {
  if (batchSizes.length === 0) throw new RangeError("Cannot span CoreML's grid: expected at least one batch, got none");
  const cells: CoreMlCell<T>[] = [];
  for (const format of formats) {
    const subject = studentSubject(studentDim, format);
    const operators = topologicalOrder(Object.values(subject.graph.outputs)).map(({ type }) => type);
    const refusal = knownRefusal(operators, "coreml");
    for (const batchSize of batchSizes) {
      for (const units of COREML_UNITS) {
        const measured = refusal === null
          ? await measure(subject, { provider: `coreml:${units}`, batchSize, format })
          : null;
        cells.push({ units, format, batchSize, refusal, measured });
      }
    }
  }
  return cells;
}

/** The student with random weights in a number format; float16 throughout, int8 with activations quantized at run time. */
export function studentSubject(studentDim: number, format: CoreMlFormat): GraphSubject {
  const whole = lnspStudent({ studentDim }).trace();
  const model = graph(whole.name, { output: whole.outputs.output });
  const weights = Object.fromEntries(model.parameters.map((leaf): [string, ArrayValue] => [
    leaf.source.name,
    { dtype: "float32", shape: leaf.shape as number[], data: initialValues(leaf, 1) },
  ]));
  const source = { graph: model, weights };
  const convert = {
    fp32: () => source,
    fp16: () => toFloat16(source, { io: "float16" }),
    int8: () => quantizeDynamicInt8(source),
  };
  return { name: `student S=${studentDim}, ${format}`, ...convert[format]() };
}
