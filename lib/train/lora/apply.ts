// LoRA as a rewrite: each planned product `x W'` becomes `x W' + (alpha / rank) dropout(x) A' B'`, and everything but the factors is frozen.
// Gradients then flow from the loss to the first adapted layer and no further, since nothing below depends on a factor.

import {
  add,
  apply,
  gemm,
  type Graph,
  graph as closeGraph,
  input,
  isParameter,
  matMul,
  mul,
  type Operation,
  parameter,
  rebuild,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import { dropout, fanInUniform, type Model, TRAINING_STEP } from "../../nn/mod.ts";
import type { LoraPlan, LoraTarget } from "./lora_types.ts";
import { factorNames, linearProduct } from "./plan.ts";

/** How an adapted model is traced. */
export interface LoraOptions {
  /** Of the dropout's masks, an integer of at least 0. Default 0. */
  seed?: number;
}

/** How an adapted graph computes. */
export interface LoraGraphOptions extends LoraOptions {
  /** Whether dropout is active; the graph then has the input `trainingStep`. Default false. */
  training?: boolean;
}

/**
 * The model with adapters: the same inputs and outputs. Its factors are its only parameters that are trained; A is drawn as a linear layer's
 * matrix is, B begins at zero, so that at first the outputs are the model's own (Hu et al. 2022).
 *
 * @param plan of this model, by `planLora` or `planAdapter`
 * @throws {TypeError} when a target of the plan is not in the model, or has other sizes
 *
 * @example
 * ```ts
 * import { linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
 * import { applyLora, planLora, traceProgram } from "lib/train/mod.ts";
 * const probe = model("probe", { inputs: { x: tensor("float32", ["batch", 8]) } }, (scope, { x }) => ({
 *   y: linear(scope.child("head"), x, 2),
 * }));
 * const plan = planLora(probe, { rank: 2, alpha: 4, dropout: 0.1, lastLayers: null, targetModules: ["head"] });
 * const { loss } = traceProgram({ model: applyLora(probe, plan), loss: ({ y }) => meanSquaredError(y, y) });
 * const trained = loss.parameters.filter(({ source }) => source.trainable).map(({ source }) => source.name);
 * if (trained.sort().join() !== "head.lora_A.weight,head.lora_B.weight") throw new Error("head itself is frozen");
 * ```
 */
export function applyLora(model: Model, plan: LoraPlan, { seed = 0 }: LoraOptions = {}): Model {
  const adapted: Model = {
    name: model.name,
    inputs: model.inputs,
    apply: (inputs, options = {}) => {
      const outputs = model.apply(inputs, options);
      const { training = false, step = null } = options;
      const values = adaptedTensors(Object.values(outputs), plan, { training, step, seed });
      return Object.fromEntries(Object.keys(outputs).map((name, i) => [name, values[i]]));
    },
    trace: (options) => {
      const { name, outputs } = model.trace(options);
      const { training = false, step = null } = options ?? {};
      const values = adaptedTensors(Object.values(outputs), plan, { training, step, seed });
      return closeGraph(name, Object.fromEntries(Object.keys(outputs).map((key, i) => [key, values[i]])));
    },
  };
  return adapted;
}

/** `applyLora` for a graph. */
export function loraGraph(
  original: Graph,
  plan: LoraPlan,
  { training = false, seed = 0 }: LoraGraphOptions = {},
): Graph {
  const drops = training && plan.dropout > 0;
  const step = drops ? original.inputs[TRAINING_STEP] ?? input(TRAINING_STEP, "float32", []) : null;
  const names = Object.keys(original.outputs);
  const values = adaptedTensors(Object.values(original.outputs), plan, { training, step, seed });
  return closeGraph(original.name, Object.fromEntries(names.map((name, i) => [name, values[i]])));
}

interface Adapting {
  training: boolean;
  step: Tensor | null;
  seed: number;
}

function adaptedTensors(outputs: readonly Tensor[], plan: LoraPlan, options: Adapting): Tensor[] {
  const targets = new Map(plan.targets.map((target) => [target.name, target]));
  const factors = new Map<string, { a: Tensor; b: Tensor }>();
  const adapted = rebuild(outputs, {
    leaf: (leaf) => isParameter(leaf) ? { ...leaf, source: { ...leaf.source, trainable: false } } : null,
    operation: (operation, inputs) => {
      const product = linearProduct(operation);
      const target = product && targets.get(product.name);
      if (!target) return null;
      checkTarget(target, product.parameter.shape);
      if (!factors.has(target.name)) factors.set(target.name, factorsOf(target, plan.rank));
      return [add(again(operation, inputs), lowRank(inputs[0], factors.get(target.name)!, { target, plan, options }))];
    },
  });
  const missed = plan.targets.find(({ name }) => !factors.has(name));
  if (missed) throw new TypeError(`Cannot adapt: expected the linear layer ${missed.name}, got a model without it`);
  return adapted;
}

/** The product itself, on rebuilt inputs. */
const again = ({ type, attributes }: Operation, inputs: readonly Tensor[]): Tensor =>
  apply(type, inputs, attributes)[0];

function checkTarget({ name, inFeatures, outFeatures }: LoraTarget, [rows, columns]: Tensor["shape"]): void {
  if (rows === outFeatures && columns === inFeatures) return;
  throw new TypeError(
    `Cannot adapt ${name}: expected a matrix [${outFeatures}, ${inFeatures}], got [${rows}, ${columns}]`,
  );
}

function factorsOf({ name, inFeatures, outFeatures }: LoraTarget, rank: number): { a: Tensor; b: Tensor } {
  const names = factorNames(name);
  return {
    a: parameter(names.a, [rank, inFeatures], { initializer: fanInUniform(inFeatures) }),
    b: parameter(names.b, [outFeatures, rank], { initializer: { kind: "constant", value: 0 } }),
  };
}

/** `(alpha / rank) dropout(x) A' B'`, scaled where it is narrowest. */
function lowRank(
  x: Tensor,
  { a, b }: { a: Tensor; b: Tensor },
  { target, plan: { alpha, rank, dropout: rate }, options }: { target: LoraTarget; plan: LoraPlan; options: Adapting },
): Tensor {
  const path = `${target.name}.lora_dropout`;
  const seen = rate > 0 ? dropout({ path }, x, { rate, ...options }) : x;
  const times = (left: Tensor, factor: Tensor) =>
    left.shape.length === 2 ? gemm(left, factor, null, { transB: true }) : matMul(left, transpose(factor));
  return times(mul(times(seen, a), alpha / rank), b);
}
