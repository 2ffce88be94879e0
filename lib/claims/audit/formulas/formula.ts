// What a recomputation is: a function of the figures that a claim follows from.

/**
 * Gives the figure that the inputs give. Inputs are the numbers of the claims in `inputs` of data/claims/figures.json, in order: a range counts
 * as two, a claim in words as none. `spreads` are the plus-minus parts of the same numbers (0 where there is none).
 */
export type Compute = (inputs: readonly number[], spreads: readonly number[]) => number | [number, number];

/** A recomputation that follows from other claims than the ledger names: from the sources of a figure that it repeats. */
export interface Sourced {
  inputs: readonly string[];
  compute: Compute;
}

/** Recomputations by claim id. */
export type Formulas = Readonly<Record<string, Compute | Sourced>>;

/** Recomputations of claims that are formulas themselves: functions of the variables in the claim's text, by its id. */
export type Symbolic = Readonly<Record<string, (variables: (name: string) => number) => number>>;

/** The figure itself: the claim repeats another. */
export const same: Compute = ([value]) => value;
/** The sum of all inputs. */
export const sum: Compute = (inputs) => inputs.reduce((total, value) => total + value, 0);
/** The first over the second. */
export const ratio: Compute = ([a, b]) => a / b;
/** The first as a percentage of the second. */
export const percent: Compute = ([a, b]) => 100 * a / b;
/** Items a second, where `count` take the first input's milliseconds. */
export const perSecond = (count: number): Compute => ([timeMs]) => 1000 * count / timeMs;

/** Parameters of a dense layer with bias. */
export const dense = (inputs: number, outputs: number): number => inputs * outputs + outputs;

/** Bytes of a float32. */
export const FLOAT32_BYTES = 4;
export const MB = 1e6;
export const GB = 1e9;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;
