// The table of the fuzzer: for every operator how to draw an application of it, how it hands errors on, where it jumps.

import { operatorTypes } from "../operator.ts";
import type { Tensor } from "../tensor.ts";
import type { BoundRule } from "./bounds.ts";
import type { Draw } from "./draw.ts";
import type { MarginRule } from "./margins.ts";
import { ELEMENTWISE_RULES } from "./rules/elementwise.ts";
import { FUSED_RULES } from "./rules/fused.ts";
import { INDEXING_RULES } from "./rules/indexing.ts";
import { MATMUL_RULES } from "./rules/matmul.ts";
import { QUANTIZATION_RULES } from "./rules/quantization.ts";
import { REDUCTION_RULES } from "./rules/reduction.ts";
import { SHAPE_RULES } from "./rules/shape.ts";
import { UNARY_RULES } from "./rules/unary.ts";

/** What the fuzzer knows about an operator. */
export interface FuzzRule {
  /**
   * A random valid application: takes tensors from `draw` and returns new ones, or null when this draw has no suitable ones.
   * What it returns is kept only when its values are fit for a comparison; what it throws is a finding.
   */
  propose(draw: Draw): Tensor | readonly Tensor[] | null;
  /** Set when results are truth values or positions: no gradient is needed to use it in a differentiable graph. */
  readonly givesNoFloats?: true;
  readonly bound: BoundRule;
  readonly margin?: MarginRule;
}

/** Entries for operators that are not registered do no harm: only registered ones are drawn. */
const RULES: Readonly<Record<string, FuzzRule>> = {
  ...ELEMENTWISE_RULES,
  ...UNARY_RULES,
  ...MATMUL_RULES,
  ...REDUCTION_RULES,
  ...SHAPE_RULES,
  ...INDEXING_RULES,
  ...QUANTIZATION_RULES,
  ...FUSED_RULES,
};

/**
 * The rule of an operator.
 *
 * @throws {Error} when it has none: whoever registers an operator adds one here
 */
export function ruleOf(type: string): FuzzRule {
  const rule = RULES[type];
  if (!rule) throw new Error(`The fuzzer has no rule for ${type}: add one in lib/graph/fuzz/rules`);
  return rule;
}

/** Registered operators without a rule. */
export function operatorsWithoutRule(): string[] {
  return operatorTypes().filter((type) => !RULES[type]);
}
