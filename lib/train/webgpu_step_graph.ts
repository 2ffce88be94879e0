// A whole training step as one graph: loss, gradients and the optimizer's update, from one state to the next.
//
// Parameters are concatenated into flat tensors, so that the optimizer's dozen elementwise operations are applied to one tensor
// and not to each parameter: on a GPU a small operation costs its launch (20 to 25 us), whatever its size.

import {
  add,
  concat,
  div,
  elementCount,
  gradients,
  type Graph,
  graph,
  input,
  mul,
  type Parameter,
  rebuild,
  reshape,
  split,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import type { AdamSpec, OptimizerSpec } from "./optimizer.ts";

/** What a step carries over to the next, a flat tensor of each a group. */
export const STATE_REGIONS = ["parameter", "firstMoment", "secondMoment"] as const;
export type StateRegion = typeof STATE_REGIONS[number];

/** Parameters that share one flat tensor. */
export interface ParameterGroup {
  readonly members: readonly { parameter: Parameter; start: number; count: number }[];
  /** Values of all members. */
  readonly count: number;
}

/** A step as a graph. */
export interface StepGraph {
  /**
   * Inputs: the batch or what it is computed from, the scalars of `stepScalars`, and `stateName(region, group)` `[count]` for each region and group.
   * Outputs: `loss` and `nextName(region, group)`. Frozen parameters remain parameters.
   */
  readonly graph: Graph;
  readonly groups: readonly ParameterGroup[];
  /** The gradient of each group `[count]`, for tests: not among the graph's outputs. */
  readonly gradients: readonly Tensor[];
}

/** Input of a group's state. */
export const stateName = (region: StateRegion, group: number) => `state:${region}:${group}`;
/** Output of a group's state after the step. */
export const nextName = (region: StateRegion, group: number) => `next:${region}:${group}`;
const scalarName = (name: string) => `optimizer:${name}`;

/** Refuses optimizers that have no form as a graph here. */
function adamOf(optimizer: OptimizerSpec): AdamSpec {
  if (optimizer.kind === "sgd" || optimizer.kind === "adam8bit") {
    throw new TypeError(`Cannot train on WebGPU with the optimizer ${optimizer.kind}: use engine "cpu" or "tfjs"`);
  }
  return optimizer;
}

/**
 * Values of the step's scalar inputs, computed in float64. The correction of the second moment, `c = sqrt(1 - beta2^step)`, is in
 * both: `first / (sqrt(second) / c + epsilon)` is `c first / (sqrt(second) + c epsilon)`, with one operation on tensors less
 * (Kingma and Ba 2015, end of section 2).
 */
export function stepScalars(
  optimizer: OptimizerSpec,
  { step, learningRate }: { step: number; learningRate: number },
): Record<string, number> {
  const { kind, beta1, beta2, epsilon, weightDecay, biasCorrection = true } = adamOf(optimizer);
  const correction = biasCorrection ? Math.sqrt(1 - beta2 ** step) : 1;
  return {
    [scalarName("stepSize")]: learningRate * correction / (biasCorrection ? 1 - beta1 ** step : 1),
    [scalarName("epsilon")]: epsilon * correction,
    ...(kind === "adamW" && weightDecay > 0 && { [scalarName("shrink")]: 1 - learningRate * weightDecay }),
  };
}

/**
 * Builds the step of a loss graph.
 *
 * @param fixed loss graph whose dimensions are all numbers
 * @param groupValues most values of a group of several parameters; 0 keeps each parameter on its own
 * @param segments parts of the forward pass that are computed twice to save memory; see `GradientOptions`
 * @param batch what takes the place of inputs of the loss graph
 */
export function stepGraph(
  fixed: Graph,
  { optimizer, groupValues, segments, batch = new Map() }: {
    optimizer: OptimizerSpec;
    groupValues: number;
    segments?: number;
    batch?: ReadonlyMap<Tensor, Tensor>;
  },
): StepGraph {
  const groups = groupParameters(fixed.parameters.filter(({ source }) => source.trainable), groupValues);
  const flat = groups.map(({ count }, i) => {
    const named = STATE_REGIONS.map((region) => [region, input(stateName(region, i), "float32", [count])] as const);
    return Object.fromEntries(named) as Record<StateRegion, Tensor>;
  });
  const views = new Map(groups.flatMap((group, i) => parameterViews(group, flat[i].parameter)));
  const trained = groups.flatMap(({ members }) => members.map(({ parameter }) => parameter));
  const scalars = Object.fromEntries(
    Object.keys(stepScalars(optimizer, { step: 1, learningRate: 1 })).map((name) => [name, input(name, "float32", [])]),
  );
  // Differentiated with respect to the parameters, which then become views of the flat tensors.
  const [loss, ...parts] = rebuild([fixed.outputs.loss, ...gradients(fixed.outputs.loss, trained, { segments })], {
    leaf: (tensor) => views.get(tensor) ?? batch.get(tensor) ?? null,
  });
  const outputs: Record<string, Tensor> = { loss };
  const flatGradients = groups.map(({ members }, i) => {
    const gradient = joined(parts.splice(0, members.length));
    const next = adamUpdate({ ...flat[i], gradient }, { optimizer, scalars });
    for (const region of STATE_REGIONS) outputs[nextName(region, i)] = next[region];
    return gradient;
  });
  return { graph: graph(`${fixed.name}-whole-step`, outputs), groups, gradients: flatGradients };
}

/** Cuts the parameters, in order, into groups of at most `limit` values; a larger one is a group of its own. */
function groupParameters(parameters: readonly Parameter[], limit: number): ParameterGroup[] {
  const groups: { members: { parameter: Parameter; start: number; count: number }[]; count: number }[] = [];
  for (const parameter of parameters) {
    const count = elementCount(parameter.shape as number[]);
    const last = groups.at(-1);
    const group = last && last.count + count <= limit ? last : { members: [], count: 0 };
    if (group !== last) groups.push(group);
    group.members.push({ parameter, start: group.count, count });
    group.count += count;
  }
  return groups;
}

/** Each parameter of a group as a part of the flat tensor, in its own shape. */
function parameterViews({ members }: ParameterGroup, flat: Tensor): [Tensor, Tensor][] {
  const parts = members.length === 1 ? [flat] : split(flat, members.map(({ count }) => count), 0);
  return members.map(({ parameter }, i) => {
    return [parameter, parameter.shape.length === 1 ? parts[i] : reshape(parts[i], parameter.shape)];
  });
}

/** Tensors one after the other, each flattened. */
function joined(parts: readonly Tensor[]): Tensor {
  const flat = parts.map((part) => {
    return part.shape.length === 1 ? part : reshape(part, [elementCount(part.shape as number[])]);
  });
  return flat.length === 1 ? flat[0] : concat(flat, 0);
}

/**
 * Adam and AdamW as in kernel/adam.as.ts, but for the place of the bias correction (see `stepScalars`). Moments that become denormal are kept as the device keeps
 * them: the kernel sets them to zero because they slow a CPU down.
 */
function adamUpdate(
  { parameter, firstMoment, secondMoment, gradient: raw }: Record<StateRegion | "gradient", Tensor>,
  { optimizer, scalars }: { optimizer: OptimizerSpec; scalars: Readonly<Record<string, Tensor>> },
): Record<StateRegion, Tensor> {
  const { kind, beta1, beta2, weightDecay } = adamOf(optimizer);
  const gradient = kind === "adam" && weightDecay > 0 ? add(raw, mul(parameter, weightDecay)) : raw;
  const shrink = scalars[scalarName("shrink")];
  const kept = shrink ? mul(parameter, shrink) : parameter;
  const first = add(firstMoment, mul(sub(gradient, firstMoment), 1 - beta1));
  const second = add(mul(secondMoment, beta2), mul(mul(gradient, gradient), 1 - beta2));
  const denominator = add(sqrt(second), scalars[scalarName("epsilon")]);
  const update = mul(div(first, denominator), scalars[scalarName("stepSize")]);
  return { parameter: sub(kept, update), firstMoment: first, secondMoment: second };
}
