// Is a report still what its notebook would make here and now?

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseResults, type ResultsFile, type RunIdentity } from "../record/mod.ts";
import { identityChanges, NO_OVERRIDES } from "./identity.ts";
import { type Scale, SCALES } from "./parameters.ts";

/** State of a report compared with the run that is asked for. */
export type Freshness =
  | { status: "fresh"; scale: string }
  | { status: "missing" }
  /** A file of the report cannot be read; `changes` says which. */
  | { status: "stale"; changes: string[] }
  /** Made in a kernel, so that nobody knows from what. */
  | { status: "interactive" }
  /** Made by the same code from the same data, elsewhere. */
  | { status: "other machine"; machine: string };

/** The results of the report in `folder`; null when there is none, or it cannot be read. */
export function readResults(folder: string): ResultsFile | null {
  try {
    return parseResults(JSON.parse(readFileSync(join(folder, "results.json"), "utf8")));
  } catch {
    return null;
  }
}

/**
 * Compares the report in `folder` with the run that `wanted` describes. A report of a larger scale than wanted is as good.
 */
export function reportFreshness(folder: string, wanted: RunIdentity): Freshness {
  if (!existsSync(join(folder, "results.json"))) return { status: "missing" };
  const results = readResults(folder);
  if (!results) return { status: "stale", changes: ["results.json cannot be read"] };
  const { identity } = results;
  if (!identity) return { status: "interactive" };
  const changes = identityChanges(identity, wanted);
  if (scaleRank(identity.scale) < scaleRank(wanted.scale)) {
    changes.unshift(`it is of scale ${identity.scale}, and ${wanted.scale} is wanted`);
  }
  if (!existsSync(join(folder, "report.md"))) changes.unshift("report.md is missing");
  const otherMachine = identity.machine !== wanted.machine;
  const machine = results.machines.find(({ id }) => id === identity.machine)?.name ?? identity.machine;
  if (changes.length > 0) {
    return { status: "stale", changes: otherMachine ? [...changes, `made on another machine: ${machine}`] : changes };
  }
  return otherMachine ? { status: "other machine", machine } : { status: "fresh", scale: identity.scale };
}

/** A state in words: `stale: lib/models/lnsp.ts changed`. */
export function describeFreshness(freshness: Freshness): string {
  switch (freshness.status) {
    case "fresh":
      return `fresh (${freshness.scale})`;
    case "missing":
      return "missing";
    case "interactive":
      return "made interactively";
    case "other machine":
      return `made on another machine: ${freshness.machine}`;
    case "stale":
      return `stale: ${summarize(freshness.changes)}`;
  }
}

/** How much a report is worth keeping: by scale, and at one scale the plain run above one with overridden parameters. */
export function reportRank(identity: Pick<RunIdentity, "scale" | "parameters">): number {
  return scaleRank(identity.scale) * 2 + (identity.parameters === NO_OVERRIDES ? 1 : 0);
}

function scaleRank(scale: string): number {
  return SCALES.indexOf(scale as Scale);
}

function summarize(changes: string[]): string {
  const shown = changes.slice(0, 4).join(", ");
  return changes.length > 4 ? `${shown} and ${changes.length - 4} more` : shown;
}
