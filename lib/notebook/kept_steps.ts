// Steps of a run that are kept until its report is written: a run of hours that was stopped, or killed, goes on where it was. They belong
// to one identity (notebook, modules, parameters, data, scale, machine): when any of that changes, all of them are made anew.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, type JsonValue, sha256Hex, writeFileAtomic } from "../process/mod.ts";
import type { RunIdentity } from "../record/mod.ts";

/**
 * Makes a step of a run, or gives what an interrupted run with the same code and parameters made of it.
 *
 * @param key unique among the steps of a run
 * @param make gives a value that JSON can hold; what it cannot hold (`undefined`, numbers that are not finite) is lost, also from the
 *   value that is returned, so that both ways give the same
 * @param isKept false for what shall be tried again, such as a failure. Default: all is kept
 */
export type KeepStep = <T>(
  key: string,
  make: () => Promise<T> | T,
  isKept?: (value: T) => boolean,
) => Promise<T>;

const IDENTITY_FILE = "identity.json";

/**
 * Steps kept in a folder; made anew at each call when that is null, as in a kernel.
 *
 * @example
 * ```ts
 * import { keptSteps } from "lib/notebook/kept_steps.ts";
 * const step = keptSteps(null);
 * if (await step("answer", () => 42) !== 42) throw new Error("a step gives what it makes");
 * ```
 */
export function keptSteps(folder: string | null, identity: RunIdentity | null = null): KeepStep {
  const keys = new Set<string>();
  return async <T>(key: string, make: () => Promise<T> | T, isKept = (_: T) => true): Promise<T> => {
    // In a kernel, cells are run again and again.
    if (folder === null || identity === null) return JSON.parse(asJson(key, await make())) as T;
    if (keys.has(key)) throw new RangeError(`Cannot keep a step: expected a key for each, got "${key}" twice`);
    keys.add(key);
    const file = join(folder, `${sha256Hex(key).slice(0, 32)}.json`);
    const kept = readStep(file, key);
    if (kept) return kept.value as T;
    const text = asJson(key, await make());
    const value = JSON.parse(text) as T;
    if (!isKept(value)) return value;
    mkdirSync(folder, { recursive: true });
    const identityFile = join(folder, IDENTITY_FILE);
    if (!existsSync(identityFile)) await writeFileAtomic(identityFile, identityText(identity));
    await writeFileAtomic(file, `{"key":${JSON.stringify(key)},"value":${text}}`);
    return value;
  };
}

function asJson(key: string, value: unknown): string {
  const text = JSON.stringify(value);
  if (text !== undefined) return text;
  throw new TypeError(`Cannot keep step "${key}": expected a value that JSON can hold, got ${typeof value}`);
}

/** Null when there is none, or only a part of one. */
function readStep(file: string, key: string): { value: unknown } | null {
  if (!existsSync(file)) return null;
  try {
    const step = JSON.parse(readFileSync(file, "utf8")) as { key?: unknown; value: unknown };
    return step.key === key ? step : null;
  } catch {
    return null;
  }
}

const identityText = (identity: RunIdentity) => canonicalJson(identity as unknown as JsonValue);

/**
 * Keeps only steps that belong to this identity.
 *
 * @returns how many there are
 */
export function usableSteps(folder: string, identity: RunIdentity): number {
  if (!existsSync(folder)) return 0;
  const file = join(folder, IDENTITY_FILE);
  if (!existsSync(file) || readFileSync(file, "utf8") !== identityText(identity)) {
    rmSync(folder, { recursive: true, force: true });
    return 0;
  }
  return readdirSync(folder).filter((name) => /^[0-9a-f]{32}\.json$/.test(name)).length;
}
