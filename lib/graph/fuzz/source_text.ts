// A case as source text: calls of the functions that models are written with, which can be pasted into a test.

import type { ArrayValue } from "../types.ts";
import { leaves, topologicalOrder } from "../graph.ts";
import { constantValues, type Operation, type Tensor } from "../tensor.ts";
import { type FuzzCase, numbersIn } from "./case.ts";

type Names = readonly string[];

/** Operators whose function takes exactly the operator's inputs. */
const PLAIN = new Set(
  ("Add Sub Mul Div Pow Max Min Greater Less Equal Neg Abs Sign Exp Log Sqrt Erf Tanh Sigmoid Relu Where Identity MatMul")
    .split(" "),
);

/** Arguments of the functions with options. Other operators are printed as `applyOne("Type", [inputs], { attributes })`. */
const ARGUMENTS: Readonly<Record<string, (operation: Operation, names: Names) => string>> = {
  Gelu: ({ attributes }, [x]) => `${x}, ${JSON.stringify(attributes.approximate)}`,
  Cast: ({ attributes }, [x]) => `${x}, ${JSON.stringify(attributes.to)}`,
  Gemm: ({ attributes: { transA, transB, alpha, beta } }, [a, b, c = "null"]) =>
    `${a}, ${b}, ${c}, { transA: ${Boolean(transA)}, transB: ${Boolean(transB)}, alpha: ${alpha}, beta: ${beta} }`,
  Transpose: ({ attributes }, [x]) => `${x}, ${JSON.stringify(attributes.perm)}`,
  Reshape: ({ outputs }, [x]) => `${x}, ${JSON.stringify(outputs[0].shape)}`,
  Expand: ({ inputs }, [x]) => `${x}, ${JSON.stringify(numbersOf(inputs[1]))}`,
  Concat: ({ attributes }, names) => `[${names.join(", ")}], ${attributes.axis}`,
  Slice: ({ inputs }, [x]) => {
    const [start, end, axis] = inputs.slice(1).map((bound) => numbersOf(bound)[0]);
    return `${x}, { axis: ${axis}, start: ${start}, end: ${end} }`;
  },
  ReduceSum: reductionArguments,
  ReduceMean: reductionArguments,
  ReduceMax: reductionArguments,
  Softmax: ({ attributes }, [x]) => `${x}, ${attributes.axis}`,
  LayerNormalization: ({ attributes: { axis, epsilon } }, [x, scale, bias = "null"]) =>
    `${x}, ${scale}, ${bias}, { axis: ${axis}, epsilon: ${epsilon} }`,
};

function reductionArguments({ inputs, attributes }: Operation, [x]: Names): string {
  return `${x}, { axes: ${JSON.stringify(numbersOf(inputs[1]))}, keepDims: ${Boolean(attributes.keepdims)} }`;
}

function numbersOf(tensor: Tensor): number[] {
  return [...constantValues(tensor)!];
}

/** Text of a number; JSON has no infinities. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The fewest digits that give the same float32. */
function float32Text(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return numberText(short);
  }
  return numberText(value);
}

function valuesText(array: Pick<ArrayValue, "dtype" | "data">): string {
  const text = array.dtype === "float32" ? float32Text : array.dtype === "int64" ? (n: number) => `${n}n` : numberText;
  return Array.from(numbersIn(array), text).join(", ");
}

/** Collects the statements and the functions that they use. */
class Source {
  readonly lines: string[] = [];
  readonly functions = new Set<string>(["graph"]);
  readonly #names = new Map<Tensor, string>();

  constructor(readonly original: FuzzCase) {
    const outputs = Object.values(original.graph.outputs);
    const operations = topologicalOrder(outputs);
    for (const leaf of leaves(outputs)) {
      const used = operations.some((operation) => printedInputs(operation).includes(leaf)) || outputs.includes(leaf);
      if (used) this.#leaf(leaf);
    }
    for (const operation of operations) this.#operation(operation);
    const named = Object.entries(original.graph.outputs).map(([name, tensor]) => `${name}: ${this.#name(tensor)}`);
    this.lines.push(`const failing = graph("failing", { ${named.join(", ")} });`);
  }

  #name(tensor: Tensor): string {
    return this.#names.get(tensor)!;
  }

  #define(tensor: Tensor, { name, call, text }: { name: string; call: string; text: string }): void {
    this.functions.add(call);
    this.#names.set(tensor, name);
    this.lines.push(`const ${name} = ${call}(${text});`);
  }

  #leaf(leaf: Tensor): void {
    const { source, dtype } = leaf;
    const shape = JSON.stringify(leaf.shape);
    switch (source.kind) {
      case "constant": {
        const values = `[${Array.from(source.data, numberText).join(", ")}]`;
        const text = `${values}, { dtype: "${dtype}", shape: ${shape} }`;
        return this.#define(leaf, { name: `c${this.#names.size}`, call: "constant", text });
      }
      case "parameter": {
        const options = `{ dtype: "${dtype}", initializer: ${JSON.stringify(source.initializer)} }`;
        const text = `"${source.name}", ${shape}, ${options}`;
        return this.#define(leaf, { name: source.name, call: "parameter", text });
      }
      case "input":
        return this.#define(leaf, { name: source.name, call: "input", text: `"${source.name}", "${dtype}", ${shape}` });
    }
  }

  #operation(operation: Operation): void {
    const { type, outputs, attributes } = operation;
    const names = printedInputs(operation).map((tensor) => this.#name(tensor));
    const name = `t${this.lines.length}`;
    if (type === "TopK") {
      this.functions.add("topK");
      this.lines.push(`const ${name} = topK(${names[0]}, ${numbersOf(operation.inputs[1])[0]});`);
      this.#names.set(outputs[0], `${name}.values`);
      this.#names.set(outputs[1], `${name}.indices`);
      return;
    }
    const call = type[0].toLowerCase() + type.slice(1);
    if (PLAIN.has(type)) return this.#define(outputs[0], { name, call, text: names.join(", ") });
    if (ARGUMENTS[type]) return this.#define(outputs[0], { name, call, text: ARGUMENTS[type](operation, names) });
    this.functions.add("apply");
    this.lines.push(`const ${name} = apply("${type}", [${names.join(", ")}], ${JSON.stringify(attributes)});`);
    outputs.forEach((output, i) => this.#names.set(output, `${name}[${i}]`));
  }
}

/** Inputs that are named in the text; constants such as axes are part of the call of most functions. */
function printedInputs(operation: Operation): readonly Tensor[] {
  const { type, inputs } = operation;
  const first = /^(Reshape|Expand|Slice|TopK|ReduceSum|ReduceMean|ReduceMax)$/.test(type);
  return first ? inputs.slice(0, 1) : inputs;
}

function feedText([name, { dtype, shape, data }]: [string, ArrayValue]): string {
  const array = `${data.constructor.name}.of(${valuesText({ dtype, data })})`;
  return `  ${name}: { dtype: "${dtype}" as const, shape: ${JSON.stringify(shape)}, data: ${array} },`;
}

/**
 * A case as TypeScript: imports, the graph `failing` and the values `feeds`.
 *
 * @example
 * ```ts
 * import { caseSource, randomGraph } from "lib/graph/mod.ts";
 * console.log(caseSource(randomGraph(3)).includes('const failing = graph("failing"')); // true
 * ```
 */
export function caseSource(fuzzCase: FuzzCase): string {
  const { functions, lines } = new Source(fuzzCase);
  return [
    `import { ${[...functions].sort().join(", ")} } from "lib/graph/mod.ts";`,
    "",
    `// Seed ${fuzzCase.seed}`,
    ...lines,
    "const feeds = {",
    ...Object.entries(fuzzCase.feeds).map(feedText),
    "};",
    "",
  ].join("\n");
}
