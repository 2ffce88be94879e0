// Adapters in memory: from the parameters of a run and back, and whether one fits a model.

import { type ArrayValue, formatShape, type Graph } from "../../graph/mod.ts";
import type { Model } from "../../nn/mod.ts";
import type { Adapter, LoraFactors, LoraPlan, LoraTarget } from "./lora_types.ts";
import { factorNames, graphOf, layerCountOf, linearLayers, planOf } from "./plan.ts";

/**
 * The adapter that a run has trained so far.
 *
 * @param parameters with the factors, such as `readParameters` of the stepper gives; they are copied
 * @param options baseModel: name or folder of the model, for those who load it
 * @throws {TypeError} when a factor is missing or misshapen
 */
export function adapterOf(
  plan: LoraPlan,
  parameters: Readonly<Record<string, ArrayValue>>,
  { baseModel = null }: { baseModel?: string | null } = {},
): Adapter {
  const { rank, alpha, dropout, lastLayers, targetModules, layerCount, targets } = plan;
  const factors = targets.map(({ name, inFeatures, outFeatures }): [string, LoraFactors] => {
    const names = factorNames(name);
    const a = copyOf(parameters, names.a, [rank, inFeatures]);
    return [name, { inFeatures, outFeatures, a, b: copyOf(parameters, names.b, [outFeatures, rank]) }];
  });
  const counted = layerCount > 0 ? layerCount : null;
  const config = { rank, alpha, dropout, lastLayers, targetModules };
  return { ...config, factors: Object.fromEntries(factors), layerCount: counted, baseModel };
}

function copyOf(
  parameters: Readonly<Record<string, ArrayValue>>,
  name: string,
  shape: readonly number[],
): Float32Array {
  const value = parameters[name];
  const expected = `${name} float32 ${formatShape(shape)}`;
  if (!value) throw new TypeError(`Cannot make an adapter: expected ${expected}, got none`);
  if (value.dtype !== "float32" || formatShape(value.shape) !== formatShape(shape)) {
    throw new TypeError(`Cannot make an adapter: expected ${expected}, got ${value.dtype} ${formatShape(value.shape)}`);
  }
  return (value.data as Float32Array).slice();
}

/** The factors as parameters of an adapted graph, by name: views, for a session or as `initial` of a stepper. */
export function adapterParameters({ rank, factors }: Adapter): Record<string, ArrayValue> {
  const values = Object.entries(factors).flatMap(([target, { inFeatures, outFeatures, a, b }]) => {
    const names = factorNames(target);
    const float32 = (data: Float32Array, shape: number[]): ArrayValue => ({ dtype: "float32", shape, data });
    return [[names.a, float32(a, [rank, inFeatures])], [names.b, float32(b, [outFeatures, rank])]] as const;
  });
  return Object.fromEntries(values);
}

/**
 * The plan that an adapter was trained by, for another use of its model: generation, evaluation, more training.
 *
 * @throws {RangeError} when it is an adapter of another model: it adapts a layer that this one does not have, or has in other sizes, or
 *   it says that its model has another number of layers
 */
export function planAdapter(model: Model | Graph, adapter: Adapter): LoraPlan {
  const graph = graphOf(model);
  const layerCount = layerCountOf(graph);
  const refuse = (expected: string, got: string) => {
    const base = adapter.baseModel === null ? "" : ` (it was trained on ${adapter.baseModel})`;
    throw new RangeError(`Cannot apply the adapter to ${graph.name}: expected ${expected}, got ${got}${base}`);
  };
  if (adapter.layerCount !== null && adapter.layerCount !== layerCount) {
    refuse(`one of a model with ${layerCount} layers`, `one of ${adapter.layerCount}`);
  }
  const linears = new Map(linearLayers(graph).map((linear) => [linear.name, linear]));
  for (const [name, { inFeatures, outFeatures }] of Object.entries(adapter.factors)) {
    const linear = linears.get(name);
    if (!linear) refuse("factors of its linear layers", `some of ${name}`);
    else if (linear.inFeatures !== inFeatures || linear.outFeatures !== outFeatures) {
      refuse(`${name} from ${linear.inFeatures} to ${linear.outFeatures} features`, `${inFeatures} to ${outFeatures}`);
    }
  }
  const targets = [...linears.values()].filter(({ name }) => Object.hasOwn(adapter.factors, name));
  return planOf(graph, adapter, { targets, layerCount });
}

/**
 * Refuses an adapter that a run of this plan cannot go on with.
 *
 * @throws {RangeError} naming what differs: rank, scale, targets or their sizes
 */
export function expectAdapter(plan: LoraPlan, adapter: Adapter): void {
  const refuse = (expected: unknown, got: unknown) => {
    throw new RangeError(`Cannot go on with the adapter: expected ${expected}, got ${got}`);
  };
  if (adapter.layerCount !== null && adapter.layerCount !== plan.layerCount) {
    const base = adapter.baseModel === null ? "" : ` (it was trained on ${adapter.baseModel})`;
    refuse(`one of a model with ${plan.layerCount} layers`, `one of ${adapter.layerCount}${base}`);
  }
  if (adapter.rank !== plan.rank) refuse(`rank ${plan.rank}`, `rank ${adapter.rank}`);
  const scale = ({ alpha, rank }: { alpha: number; rank: number }) => alpha / rank;
  if (Math.abs(scale(adapter) - scale(plan)) > 1e-6 * scale(plan)) {
    refuse(`alpha / rank of ${scale(plan)}`, scale(adapter));
  }
  const planned = new Set(plan.targets.map(({ name }) => name));
  const unplanned = Object.keys(adapter.factors).find((name) => !planned.has(name));
  if (unplanned !== undefined) refuse(`targets ${plan.targetModules.join(", ")} as planned`, `also ${unplanned}`);
  for (const target of plan.targets) checkFactors(target, adapter.factors[target.name], refuse);
}

function checkFactors(
  { name, inFeatures, outFeatures }: LoraTarget,
  factors: LoraFactors | undefined,
  refuse: (expected: string, got: string) => void,
): void {
  if (!factors) return refuse(`factors of ${name}`, "none");
  if (factors.inFeatures === inFeatures && factors.outFeatures === outFeatures) return;
  const expected = `${name} from ${inFeatures} to ${outFeatures} features`;
  refuse(expected, `${factors.inFeatures} to ${factors.outFeatures}`);
}
