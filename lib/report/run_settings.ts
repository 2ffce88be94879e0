// What the headless runner tells a report through the environment: scale, parameters, where to write, what it was made from.

import process from "node:process";
import type { RunIdentity } from "../record/mod.ts";

/** The content of LATENT_LAB_RUN. */
export interface RunSettings {
  scale?: string;
  /** The parameters given for this run: they become `-p` options of the command that repeats it. */
  parameters?: Record<string, unknown>;
  outputDir?: string;
  identity?: RunIdentity | null;
}

/**
 * The settings of this run; empty when no runner started it.
 *
 * @throws {SyntaxError | TypeError} when LATENT_LAB_RUN is not the JSON that a runner writes
 */
export function runSettings(text: string | undefined = process.env.LATENT_LAB_RUN): RunSettings {
  if (text === undefined || text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read LATENT_LAB_RUN: expected JSON, ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`Cannot read LATENT_LAB_RUN: expected an object, got ${text.slice(0, 40)}`);
  }
  const settings = value as Record<string, unknown>;
  for (const [key, type] of [["scale", "string"], ["outputDir", "string"], ["parameters", "object"]]) {
    if (settings[key] !== undefined && (typeof settings[key] !== type || settings[key] === null)) {
      throw new TypeError(`Cannot read LATENT_LAB_RUN: expected ${key} to be of type ${type}, got ${settings[key]}`);
    }
  }
  return settings as RunSettings;
}

/** The command that makes a report again, quoted for a shell. */
export function rerunCommand(name: string, scale: string, parameters: Record<string, unknown> = {}): string {
  const options = Object.entries(parameters).map(([key, value]) =>
    ` -p ${shellQuote(`${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`
  );
  return `deno task report ${shellQuote(name)} --scale ${shellQuote(scale)}${options.join("")}`;
}

function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
