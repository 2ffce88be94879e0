// The parameters of a notebook: defaults, changed by the scale, changed by the user. In the kernel the user edits the cell; headless,
// the runner hands scale and overrides over in the environment variable LATENT_LAB_RUN. Both are checked the same way.

import process from "node:process";
import { z } from "zod";
import { type RunIdentity, runIdentitySchema } from "../record/mod.ts";

/** How much a run does: seconds for tests, minutes for a look, hours for a result. */
export type Scale = "smoke" | "quick" | "full";
/** All scales, the smallest first. */
export const SCALES: readonly Scale[] = ["smoke", "quick", "full"];
/** Name of the environment variable in which the headless runner describes the run. */
export const RUN_VARIABLE = "LATENT_LAB_RUN";

/** What a parameter can be. */
export type ParameterValue = string | number | boolean | null | ParameterValue[] | { [key: string]: ParameterValue };

const runSchema = z.looseObject({
  scale: z.enum(["smoke", "quick", "full"]).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  stepsDir: z.string().optional(),
  identity: runIdentitySchema.nullish(),
});

/**
 * Parameters after defaults, scale and overrides.
 *
 * @param overrides values by name; text is parsed as JSON where the default is not text
 * @throws {RangeError} for an unknown name, naming the known ones
 * @throws {TypeError} for a value of another type than the default's
 *
 * @example
 * ```ts
 * import { resolveParameters } from "lib/notebook/mod.ts";
 * const defaults = { studentDims: [256, 512], epochs: 25 };
 * console.log(resolveParameters(defaults, { epochs: "3" })); // { studentDims: [ 256, 512 ], epochs: 3 }
 * ```
 */
export function resolveParameters<P extends Record<string, ParameterValue>>(
  defaults: P,
  overrides: Record<string, unknown>,
): P {
  const known = Object.keys(defaults);
  const resolved: Record<string, ParameterValue> = { ...defaults };
  for (const [name, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new RangeError(
        `Cannot set parameter "${name}": expected one of ${
          known.join(", ") || "none (the notebook has no parameters)"
        }`,
      );
    }
    resolved[name] = checkedValue(name, defaults[name], fromText(defaults[name], value));
  }
  return resolved as P;
}

/** Scale and overrides that the environment asks for, and where it keeps steps. */
export function requestedRun(text = process.env[RUN_VARIABLE]): {
  scale: Scale | null;
  overrides: Record<string, unknown>;
  /** Folder of steps that are kept, and what they belong to; null where no runner keeps them. */
  stepsDir: string | null;
  identity: RunIdentity | null;
} {
  if (text === undefined || text === "") return { scale: null, overrides: {}, stepsDir: null, identity: null };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new TypeError(`Cannot read ${RUN_VARIABLE}: expected JSON, got ${text.slice(0, 80)}`);
  }
  const parsed = runSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TypeError(`Cannot read ${RUN_VARIABLE}: ${issue.path.join(".")}: ${issue.message}`);
  }
  const { scale = null, parameters = {}, stepsDir = null, identity = null } = parsed.data;
  return { scale, overrides: parameters, stepsDir, identity };
}

function fromText(example: ParameterValue, value: unknown): unknown {
  if (typeof value !== "string" || typeof example === "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // plain text for a parameter of another type: refused with its type below
  }
}

function checkedValue(path: string, example: ParameterValue, value: unknown): ParameterValue {
  const refuse = () => {
    const expected = `${kindOf(example)} such as ${JSON.stringify(example)}`;
    return new TypeError(`Cannot set parameter "${path}": expected ${expected}, got ${JSON.stringify(value)}`);
  };
  if (example === null) return value as ParameterValue; // a default of null says nothing about the type
  if (kindOf(example) !== kindOf(value)) throw refuse();
  if (typeof value === "number" && !Number.isFinite(value)) throw refuse();
  if (Array.isArray(example)) {
    if (example.length === 0) return value as ParameterValue;
    return (value as unknown[]).map((item, i) => checkedValue(`${path}[${i}]`, example[0], item));
  }
  if (typeof example === "object") {
    return { ...example, ...resolveParameters(example, value as Record<string, unknown>) };
  }
  return value as ParameterValue;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
