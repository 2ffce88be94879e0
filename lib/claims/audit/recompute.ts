// Arithmetic of a document done again: its own figures through the formula that they should follow from. Printed figures count with
// half a unit of their last place; a claim holds when the two intervals meet.

import { evaluateExpression } from "./expression.ts";
import { cbiFormulas, cbiSymbolic } from "./formulas/cbi_formulas.ts";
import type { Compute, Formulas, Symbolic } from "./formulas/formula.ts";
import { lnFormulas } from "./formulas/ln_formulas.ts";
import { lnspFormulas, lnspSymbolic } from "./formulas/lnsp_formulas.ts";
import { loraFormulas } from "./formulas/lora_formulas.ts";
import { mlxFormulas } from "./formulas/mlx_formulas.ts";
import { type Claim, claim, type Figure } from "../ledger.ts";

/** A claim's figure done again. */
export interface Recomputation {
  /** What the inputs give; text where the claim is a formula. */
  value: Figure;
  /** The claims that it follows from. */
  inputs: string[];
  /** The formula in the ledger's words; the code that was run stands in lib/claims/audit/formulas. */
  formula: string;
  /** Whether the claim agrees with it. */
  agrees: boolean;
}

const FORMULAS: Formulas = { ...lnFormulas, ...lnspFormulas, ...mlxFormulas, ...cbiFormulas, ...loraFormulas };
const SYMBOLIC: Symbolic = { ...lnspSymbolic, ...cbiSymbolic };

/** Claims that say "about": how far they may be off, as a share of the figure. */
const ABOUT: Readonly<Record<string, number>> = { "lnsp-bottleneck-320-ram": 0.05, "lora-larger-models": 0.5 };

/** Figures that are right for something else than what they are claimed for: a ratio of inference times given for training. */
const OF_ANOTHER_QUANTITY = new Set(["ln-training-speedup"]);

/** Quantities that are chosen or counted, and so exact. */
const EXACT = new Set(["dimensions", "batch", "length", "heads", "rank", "layers", "iterations", "cases", "arrays"]);

/** Ids of the claims that have a formula. */
export function recomputableClaims(): string[] {
  return [...Object.keys(FORMULAS), ...Object.keys(SYMBOLIC)];
}

/**
 * Does a claim's arithmetic again.
 *
 * @returns null when the claim follows from nothing
 * @throws {RangeError} when there is no such claim
 *
 * @example
 * ```ts
 * import { recompute } from "lib/claims/audit/mod.ts";
 * const { value, agrees } = recompute("lnsp-bottleneck-256-params")!;
 * console.log(value, agrees); // 296000 false
 * ```
 */
export function recompute(id: string): Recomputation | null {
  const claimed = claim(id);
  if (Object.hasOwn(SYMBOLIC, id)) return recomputeSymbolic(claimed);
  if (!Object.hasOwn(FORMULAS, id)) return null;
  const entry = FORMULAS[id];
  const [inputs, compute]: [readonly string[], Compute] = typeof entry === "function"
    ? [claimed.inputs.filter((input) => !input.startsWith("= ")), entry]
    : [entry.inputs, entry.compute];
  const figures = inputs.flatMap((input) => printedNumbers(claim(input)));
  const spreads = figures.map(({ spread }) => spread);
  const value = compute(figures.map((figure) => figure.value), spreads);
  const corners = cornersOf(figures).map((corner) => compute(corner, spreads));
  return { value, inputs: [...inputs], formula: formulaText(claimed), agrees: agrees(claimed, [value, ...corners]) };
}

interface PrintedNumber {
  value: number;
  low: number;
  high: number;
  spread: number;
}

/** A figure's numbers: a range is two, which say themselves how wide they are. */
function printedNumbers({ quantity, value, spread }: Claim): PrintedNumber[] {
  if (typeof value === "string") return [];
  if (typeof value !== "number") return value.map((end) => ({ value: end, low: end, high: end, spread: 0 }));
  const half = EXACT.has(quantity ?? "") ? 0 : halfUnit(value);
  return [{ value, low: value - half, high: value + half, spread: spread ?? 0 }];
}

/** Half a unit of the last place that is printed. Zeros at the end of a number of four digits and more ("217,000") are taken for rounding. */
export function halfUnit(value: number): number {
  const text = Math.abs(Number(value.toPrecision(12))).toString();
  const [, digits, exponent = "0"] = /^([\d.]+)(?:e([+-]\d+))?$/.exec(text)!;
  const [whole, fraction = ""] = digits.split(".");
  const zeros = fraction === "" && whole.length > 3 ? whole.length - whole.replace(/0+$/, "").length : 0;
  return 0.5 * 10 ** (Number(exponent) - fraction.length + zeros);
}

/** All combinations of least and most: a formula that rises or falls in each input takes its extremes there. */
function cornersOf(figures: readonly PrintedNumber[]): number[][] {
  return figures.reduce<number[][]>(
    (corners, { low, high }) =>
      low === high
        ? corners.map((corner) => [...corner, low])
        : corners.flatMap((corner) => [[...corner, low], [...corner, high]]),
    [[]],
  );
}

function agrees({ id, quantity, value }: Claim, found: readonly (number | [number, number])[]): boolean {
  if (typeof value === "string" || OF_ANOTHER_QUANTITY.has(id)) return false;
  const claimed = [value].flat();
  const meets = claimed.map((number, end) => {
    const ends = found.map((result) => (typeof result === "number" ? result : result[end]));
    const half = Math.max(halfUnit(number), (ABOUT[id] ?? 0) * Math.abs(number));
    // A figure half a unit above would have been rounded up. The share is for rounding errors of the formula itself.
    const below = Math.min(...ends) < number + half;
    const above = Math.max(...ends) >= number - half - Math.abs(number) * 1e-12;
    return quantity?.endsWith("AtMost") ? below : quantity?.endsWith("AtLeast") ? above : below && above;
  });
  return meets.every(Boolean);
}

/** Two formulas are the same when they agree for several values of their variables, none of which is special. */
function recomputeSymbolic(claimed: Claim): Recomputation {
  const { id, value, recomputed, inputs } = claimed;
  const agrees = [1, 2, 3].every((round) => {
    const variables = (name: string) => 100 * round + [...name].reduce((total, c) => total + c.charCodeAt(0), 0) % 89;
    const ours = SYMBOLIC[id](variables);
    return Math.abs(evaluateExpression(String(value), variables) - ours) <= 1e-9 * Math.abs(ours);
  });
  const ids = inputs.filter((input) => !input.startsWith("= "));
  return { value: String(recomputed), inputs: ids, formula: formulaText(claimed), agrees };
}

function formulaText({ inputs }: Claim): string {
  const formula = inputs.find((input) => input.startsWith("= "));
  return formula === undefined ? inputs.join(", ") : formula.slice(2);
}

/** The value of a claim that is a formula by our own code, for tests: `variables` gives the value of each name in its text. */
export function evaluateOwnFormula(id: string, variables: (name: string) => number): number {
  return SYMBOLIC[id](variables);
}
