// Weights alone in 4 or 8 bits, as a plan: the graph that reads them, and which parameter becomes which. Values come later, a tensor at
// a time, so that a model is converted that would not fit in memory.

import { type Graph, topologicalOrder } from "../graph.ts";
import { cast, concat, div, matMul, mul, reshape, slice, sub } from "../ops.ts";
import { floor } from "../ops_functions.ts";
import { gather, unsqueeze } from "../ops_indexing.ts";
import { matMulNBits } from "../ops_quantization.ts";
import { rewriteGraph } from "../rewrite.ts";
import { isParameter, type Operation, type Parameter, type Tensor } from "../tensor.ts";
import { type DType } from "../types.ts";
import { BLOCK_SIZE, type BlockBits, blockBytes, blocksOf } from "./blocks.ts";
import { denseProduct, type ProductSelection } from "./dense_products.ts";
import { float16Graph } from "./float16.ts";
import { convertedParameter, isMatrixParameter } from "./weights.ts";

/** How the values of a parameter are stored. */
export type StoredForm =
  | { readonly kind: "dense"; readonly dtype: DType; readonly transposed: boolean }
  | { readonly kind: "blocks"; readonly bits: BlockBits };

/** A parameter of a planned graph. */
export interface StoredParameter {
  /** The parameter that the values are given for. */
  readonly source: Parameter;
  readonly form: StoredForm;
  /** One for `dense`; bytes and scales for `blocks`. */
  readonly results: readonly Parameter[];
}

/** A graph, and what each of its parameters is made of. */
export interface StoragePlan {
  readonly graph: Graph;
  readonly stored: readonly StoredParameter[];
}

/** What activations are in products with blocks: as they are, or in 8 bits by blocks too, which is faster and less exact. */
export type BlockActivations = "float32" | "int8";

/** ONNX Runtime's `accuracy_level` of MatMulNBits. */
const ACCURACY_LEVELS: Readonly<Record<BlockActivations, number>> = { float32: 1, int8: 4 };

/**
 * Plans matrices in blocks of 32 integers: products `x W'` with a parameter `[n, k]` become MatMulNBits, and rows of such a
 * parameter that are looked up are scaled back. Other parameters stay as they are.
 *
 * Bound, for one product: `|error[i, j]| <= sum_k |x[i, k]| s + rounding`, where s is the largest magnitude in W's block divided by
 * 8 or 128; with activations in int8 also `sum_k |W[k, j]| t`, where t is the largest magnitude in x's block divided by 254.
 *
 * @returns parameters `NAME.int4` uint8 `[n, blocks, 16]` or `NAME.int8` `[n, blocks, 32]`, and `NAME.int4.scale` float32 `[n, blocks]`
 *
 * @example
 * ```ts
 * import { graph, input, matMul, parameter, planBlocks, transpose } from "lib/graph/mod.ts";
 * const w = parameter("w", [3, 64], { initializer: { kind: "constant", value: 0 } });
 * const { stored } = planBlocks(graph("g", { y: matMul(input("x", "float32", ["batch", 64]), transpose(w)) }), { bits: 4 });
 * if (stored[0].results[0].shape.join() !== "3,2,16") throw new Error("two blocks a row, 16 bytes each");
 * ```
 */
export function planBlocks(
  original: Graph,
  { bits, activations = "float32", select = () => true }: {
    bits: BlockBits;
    activations?: BlockActivations;
  } & ProductSelection,
): StoragePlan {
  const blocks = new Map<string, StoredParameter>();
  const blocksFor = (source: Parameter) => {
    const { name } = source.source;
    if (!blocks.has(name)) blocks.set(name, blockParameters(source, bits));
    return blocks.get(name)!;
  };
  const graph = rewriteGraph(original, {
    operation(operation, [x, indices]) {
      const product = denseProduct(operation);
      if (product?.transposed && isPlain(operation) && select(product.parameter.source.name)) {
        const [packed, scales] = blocksFor(product.parameter).results;
        const accuracyLevel = ACCURACY_LEVELS[activations];
        return [matMulNBits(x, packed, scales, { blockSize: BLOCK_SIZE, bits, accuracyLevel })];
      }
      const table = lookedUp(operation);
      return table && select(table.source.name) ? [gatherBlocks(blocksFor(table), indices)] : null;
    },
  });
  return { graph, stored: graph.parameters.flatMap((leaf) => storedAs(leaf, [...blocks.values()])) };
}

/**
 * Plans matrices in their own dtype as products read them: `[k, n]` where the graph transposes a parameter `[n, k]`.
 *
 * A parameter that is also read in another way stays as it is.
 */
export function planColumns(original: Graph): StoragePlan {
  const columns = new Map<string, StoredParameter>();
  const uses = usesOfParameters(original);
  const graph = rewriteGraph(original, {
    operation(operation, [x]) {
      const product = denseProduct(operation);
      if (operation.type !== "MatMul" || !product?.transposed || uses.get(product.parameter) !== 1) return null;
      const { parameter, k, n } = product;
      const { name } = parameter.source;
      const result = convertedParameter(`${name}.columns`, { dtype: "float32", shape: [k, n] });
      columns.set(name, {
        source: parameter,
        form: { kind: "dense", dtype: "float32", transposed: true },
        results: [result],
      });
      return [matMul(x, result)];
    },
  });
  return { graph, stored: graph.parameters.flatMap((leaf) => storedAs(leaf, [...columns.values()])) };
}

/** A parameter of the planned graph belongs to what was converted, once, or is stored as it is. */
function storedAs(leaf: Parameter, converted: readonly StoredParameter[]): StoredParameter[] {
  const { name } = leaf.source;
  const known = converted.find(({ results }) => results.some(({ source }) => source.name === name));
  if (known) return known.results[0].source.name === name ? [known] : [];
  return [{ source: leaf, form: { kind: "dense", dtype: leaf.dtype, transposed: false }, results: [leaf] }];
}

const isPlain = ({ inputs, attributes: { alpha = 1 } }: Operation) => inputs.length === 2 && alpha === 1;

function blockParameters(source: Parameter, bits: BlockBits): StoredParameter {
  const [n, k] = source.shape as number[];
  const name = `${source.source.name}.int${bits}`;
  const leaf = (label: string, dtype: DType, shape: number[]) => convertedParameter(label, { dtype, shape });
  const bytes = leaf(name, "uint8", [n, blocksOf(k), blockBytes(bits)]);
  return {
    source,
    form: { kind: "blocks", bits },
    results: [bytes, leaf(`${name}.scale`, "float32", [n, blocksOf(k)])],
  };
}

/** The table whose rows an operation looks up, when it is a float32 matrix; else null. */
function lookedUp({ type, inputs: [table], attributes: { axis } }: Operation): Parameter | null {
  const isTable = type === "Gather" && axis === 0 && isParameter(table) && table.shape.length === 2;
  return isTable && table.dtype === "float32" ? table : null;
}

/** Rows of a table in blocks: `[..., k]`. */
function gatherBlocks({ source, form, results: [packed, scales] }: StoredParameter, indices: Tensor): Tensor {
  const bits = form.kind === "blocks" ? form.bits : 8;
  const k = Number(source.shape[1]);
  const bytes = cast(gather(packed, indices), "float32");
  const lead = indices.shape;
  const integers = bits === 8 ? bytes : reshape(halves(bytes), [...lead, blocksOf(k), BLOCK_SIZE]);
  const scaled = mul(sub(integers, 2 ** (bits - 1)), unsqueeze(gather(scales, indices), [lead.length + 1]));
  const rows = reshape(scaled, [...lead, blocksOf(k) * BLOCK_SIZE]);
  return k % BLOCK_SIZE === 0 ? rows : slice(rows, { axis: lead.length, start: 0, end: k });
}

/** Low and high half of each byte, side by side: `[..., bytes, 2]`. */
function halves(bytes: Tensor): Tensor {
  const high = floor(div(bytes, 16));
  const axis = bytes.shape.length;
  return concat([sub(bytes, mul(high, 16)), high].map((part) => unsqueeze(part, [axis])), axis);
}

/** How many operations read each parameter. */
function usesOfParameters(original: Graph): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const { inputs } of topologicalOrder(Object.values(original.outputs))) {
    for (const tensor of inputs) if (isParameter(tensor)) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  }
  return uses;
}

/** A plan that stores every parameter as it is. */
export function planAsIs(original: Graph): StoragePlan {
  return { graph: original, stored: original.parameters.flatMap((leaf) => storedAs(leaf, [])) };
}

/** Plans half precision as `toFloat16` has it, matrices as products read them. */
export function planFloat16(original: Graph): StoragePlan {
  const columns = planColumns(original);
  const { graph } = float16Graph(columns.graph);
  const formOf = new Map(columns.stored.map((stored) => [stored.results[0].source.name, stored]));
  const stored = graph.parameters.map((leaf): StoredParameter => {
    const { source, form } = formOf.get(leaf.source.name)!;
    const transposed = form.kind === "dense" && form.transposed;
    return { source, form: { kind: "dense", dtype: leaf.dtype, transposed }, results: [leaf] };
  });
  return { graph, stored };
}

/**
 * Plans matrices in half precision that are computed with in single: products and looked up rows read them through a Cast. Vectors stay.
 *
 * Bound: each weight is off by at most `2^-11` of itself, or `2^-25` below `2^-14`.
 *
 * @returns parameters `NAME.float16`
 */
export function planStoredFloat16(original: Graph, { select = () => true }: ProductSelection = {}): StoragePlan {
  const halves = new Map<string, StoredParameter>();
  const halfOf = (source: Parameter): Parameter => {
    const { name } = source.source;
    if (!halves.has(name)) {
      const shape = source.shape as number[];
      const result = convertedParameter(`${name}.float16`, { dtype: "float16", shape });
      halves.set(name, { source, form: { kind: "dense", dtype: "float16", transposed: false }, results: [result] });
    }
    return halves.get(name)!.results[0];
  };
  const graph = rewriteGraph(original, {
    leaf: (leaf) => isMatrixParameter(leaf) && select(leaf.source.name) ? cast(halfOf(leaf), "float32") : null,
    operation: (operation, [, indices]) => {
      const table = lookedUp(operation);
      return table && select(table.source.name) ? [cast(gather(halfOf(table), indices), "float32")] : null;
    },
  });
  return { graph, stored: graph.parameters.flatMap((leaf) => storedAs(leaf, [...halves.values()])) };
}
