// Where studies are kept and what runs a trial. Tests give folders and processes of their own.

import { relative, sep } from "node:path";
import type { MachineFacts } from "../record/mod.ts";
import { projectPath, projectRoot } from "../process/mod.ts";
import { machineFacts } from "../runtime/mod.ts";
import type { MeasuredMix } from "./pool/measure_mix.ts";
import type { Mix } from "./pool/mix.ts";

/** Where studies are kept and what runs a trial. */
export interface StudyEnvironment {
  /** A folder for each study is in here. */
  checkpointsFolder: string;
  /** The module that runs as the process of a trial. */
  trialModule: string;
  machine: () => MachineFacts | Promise<MachineFacts>;
  /** Where the fastest mix of trials and threads is remembered; .cache/sweep-mix.json by default. */
  mixFile?: string;
  /** Finds out how fast mixes are on this machine; by default small trials are run for some seconds. */
  measureMixes?: (mixes: readonly Mix[]) => Promise<MeasuredMix[]>;
  /** Bytes that may still be written to a folder's disk; null: not known. */
  freeDiskBytes?: (folder: string) => Promise<number | null>;
}

/** The project's own. */
export function projectEnvironment(): StudyEnvironment {
  return {
    checkpointsFolder: projectPath("checkpoints"),
    trialModule: projectPath("lib", "sweep", "trial_process.ts"),
    machine: () => machineFacts(),
  };
}

/** A path as rows and messages show it: from the project's root, with slashes. */
export function projectRelative(path: string): string {
  return relative(projectRoot(), path).split(sep).join("/");
}

/**
 * Refuses what could not be a folder's name.
 *
 * @throws {RangeError} when it is not 1 to 64 lower-case letters, digits and hyphens
 */
export function checkStudyName(name: unknown): asserts name is string {
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) {
    throw new RangeError(
      `Cannot name a study: expected 1 to 64 lower-case letters, digits and hyphens, got ${JSON.stringify(name)}`,
    );
  }
}
