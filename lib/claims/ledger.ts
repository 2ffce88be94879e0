// Reading the ledger: data/claims/figures.json, checked once and kept.

import { readFileSync } from "node:fs";
import { z } from "zod";
import { projectPath } from "../process/mod.ts";
import { nearest } from "./nearest.ts";

/** A figure: a number, a range, or text ("962*S + 576", "fits in L3"). */
export type Figure = number | [number, number] | string;

/** One claim of a document. */
export interface Claim {
  /** Stable name; begins with the document's: "lnsp-bottleneck-256-params". */
  id: string;
  /** The document: "ln", "lnsp", "mlx", "cbi", "lora". */
  seed: string;
  /** The heading that it stands under. */
  section: string;
  /** The claim in our words. */
  statement: string;
  /** Machine name of the quantity; null for a claim without one. `...AtMost` and `...AtLeast` are one-sided bounds. */
  quantity: string | null;
  value: Figure;
  /** Null where the value has none. */
  unit: string | null;
  /** The plus-minus part, in `unit`. */
  spread: number | null;
  /** Follows from other figures or a shape | needs a run, or is a setting | forecast | qualitative. */
  kind: "arithmetic" | "measurement" | "projection" | "qualitative";
  /** Arithmetic only: ids that it follows from; an element that starts with "= " is the formula. */
  inputs: string[];
  /** What the inputs give. */
  recomputed: Figure | null;
  /** Whether `recomputed` agrees with `value`; null where nothing can be recomputed. */
  consistent: boolean | null;
  note: string | null;
  /** Machines that can measure the like: "any", "m4", "m4-pro", "m3-max", "h200/cloud", "none". */
  measurableOn: string[];
  /** The part of a workspace that would: "params", "infer-speed". */
  subject: string;
}

const text = z.string().min(1);
const figure = z.union([z.number(), z.tuple([z.number(), z.number()]), text]);
const claimSchema: z.ZodType<Claim> = z.strictObject({
  id: text.regex(/^[a-z0-9]+(-[a-z0-9]+)+$/, "expected lower-case words joined by hyphens"),
  seed: text,
  section: text,
  statement: text,
  quantity: text.nullable(),
  value: figure,
  unit: text.nullable(),
  spread: z.number().nonnegative().nullable(),
  kind: z.enum(["arithmetic", "measurement", "projection", "qualitative"]),
  inputs: z.array(text),
  recomputed: figure.nullable(),
  consistent: z.boolean().nullable(),
  note: text.nullable(),
  measurableOn: z.array(text).min(1),
  subject: text,
});

let cached: Map<string, Claim> | undefined;

/**
 * All claims by id, in the order of the documents. Read and checked once.
 *
 * @throws {RangeError} naming the claim and the field when the file is not what it should be
 *
 * @example
 * ```ts
 * import { loadClaims } from "lib/claims/mod.ts";
 * console.log(loadClaims().size); // 556
 * ```
 */
export function loadClaims(): ReadonlyMap<string, Claim> {
  cached ??= parseClaims(readFileSync(projectPath("data", "claims", "figures.json"), "utf8"));
  return cached;
}

/**
 * One claim.
 *
 * @throws {RangeError} naming the nearest id, when there is none of this name
 *
 * @example
 * ```ts
 * import { claim } from "lib/claims/mod.ts";
 * console.log(claim("lnsp-bottleneck-256-params").unit); // count
 * ```
 */
export function claim(id: string): Claim {
  const claims = loadClaims();
  const found = claims.get(id);
  if (found !== undefined) return found;
  throw new RangeError(`Cannot find claim "${id}": did you mean "${nearest(id, [...claims.keys()])}"?`);
}

/** The documents' names, in the order of the ledger. */
export function seedNames(): string[] {
  return [...new Set([...loadClaims().values()].map(({ seed }) => seed))];
}

/**
 * The claims of one document, in its order.
 *
 * @throws {RangeError} naming the documents, when there is none of this name
 *
 * @example
 * ```ts
 * import { claimsOf } from "lib/claims/mod.ts";
 * console.log(claimsOf("lnsp").length); // 111
 * ```
 */
export function claimsOf(seed: string): Claim[] {
  const found = [...loadClaims().values()].filter((item) => item.seed === seed);
  if (found.length > 0) return found;
  throw new RangeError(`Cannot find the claims of "${seed}": expected one of ${seedNames().join(", ")}`);
}

/**
 * Claims by id from the text of a ledger.
 *
 * @throws {SyntaxError} when the text is not JSON
 * @throws {RangeError} naming the claim, when a field is wrong, an id occurs twice, or an input is not a claim
 */
export function parseClaims(json: string): Map<string, Claim> {
  const list: unknown = JSON.parse(json);
  if (!Array.isArray(list)) throw new RangeError("Cannot read the claims: expected an array");
  const claims = new Map<string, Claim>();
  list.forEach((item, i) => {
    const checked = parseClaim(item, i);
    if (claims.has(checked.id)) throw refusal(checked.id, "expected each id once");
    claims.set(checked.id, checked);
  });
  for (const { id, inputs } of claims.values()) {
    const unknown = inputs.find((input) => !input.startsWith("= ") && !claims.has(input));
    if (unknown !== undefined) throw refusal(id, `expected inputs that are claims, got "${unknown}"`);
  }
  return claims;
}

function parseClaim(item: unknown, index: number): Claim {
  const name = (item as { id?: unknown } | null)?.id ?? `number ${index}`;
  const result = claimSchema.safeParse(item);
  if (!result.success) {
    const [{ path, message }] = result.error.issues;
    throw refusal(String(name), `${path.length > 0 ? `${path.join(".")}: ` : ""}${message}`);
  }
  const { id, seed } = result.data;
  if (!id.startsWith(`${seed}-`)) throw refusal(id, `expected an id that begins with "${seed}-"`);
  return result.data;
}

function refusal(name: string, reason: string): RangeError {
  return new RangeError(`Cannot read claim ${name}: ${reason}`);
}
