// Whether reports are still what their notebooks would make here and now. Asking costs a second a notebook, so that answers are kept until a
// file that they depend on changes, and a page that is asked for meanwhile says that it is being looked at.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describeFreshness, type Freshness, notebookIdentity, reportFreshness } from "../notebook/mod.ts";
import { projectPath } from "../process/mod.ts";
import type { ResultsFile, RunIdentity } from "../record/mod.ts";
import { fileStamp } from "./read_results.ts";

/** What a notebook would make now: the identity of its run on this machine, with no parameter overridden. */
export type IdentityOf = (notebookPath: string) => Promise<RunIdentity>;

/** A report's state, with the reasons. */
export interface ReportState {
  status: Freshness["status"] | "checking" | "unknown";
  /** In words, as `deno task report --status` says it. */
  text: string;
  /** All of what changed; empty unless it is stale. */
  changes: string[];
}

/** Asks lib/notebook, as `deno task report --status` does. */
export const notebookIdentityHere: IdentityOf = async (path) => {
  const { machineFacts } = await import("../runtime/mod.ts");
  return await notebookIdentity(path, { scale: "quick", overrides: {}, machine: machineFacts().id });
};

/** What a notebook would make now; null while that is being found out. */
type Current = RunIdentity | { problem: string } | null;

interface Known {
  identity: RunIdentity | { problem: string };
  stamp: string;
}

const NO_NOTEBOOK = { problem: "there is no notebook of this name" };

/** How long an answer counts without looking at files again, in milliseconds. */
const TRUSTED_MS = 2000;

/** The states of the reports of a folder. */
export class ReportStates {
  readonly #known = new Map<string, Known>();
  readonly #lookedMs = new Map<string, number>();
  readonly #waiting = new Set<string>();
  readonly #states = new WeakMap<ResultsFile, { current: Current; state: ReportState }>();
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly reportsFolder: string,
    private readonly notebooksFolder: string | null,
    private readonly identityOf: IdentityOf = notebookIdentityHere,
  ) {}

  /** Where a report's notebook is; null when there is none. */
  notebook(name: string): string | null {
    if (this.notebooksFolder === null) return null;
    const path = join(this.notebooksFolder, `${name}.ipynb`);
    return existsSync(path) ? path : null;
  }

  /** What is known of the report's state now; what is not known is being found out. */
  stateOf(name: string, results: ResultsFile): ReportState {
    const current = this.#current(name);
    const kept = this.#states.get(results);
    if (kept?.current === current) return kept.state;
    const state = this.#compare(name, results, current);
    this.#states.set(results, { current, state });
    return state;
  }

  #compare(name: string, { identity }: ResultsFile, current: Current): ReportState {
    if (current === null) return { status: "checking", text: "being checked", changes: [] };
    if ("problem" in current) return { status: "unknown", text: current.problem, changes: [] };
    // Asked is whether it is what its notebook makes at the report's own scale and parameters.
    const wanted = identity ? { ...current, scale: identity.scale, parameters: identity.parameters } : current;
    const freshness = reportFreshness(join(this.reportsFolder, name), wanted);
    return {
      status: freshness.status,
      text: describeFreshness(freshness),
      changes: freshness.status === "stale" ? freshness.changes : [],
    };
  }

  /** Whether the notebook's code is the one that made these results; null when nobody knows. */
  isSameNotebook(name: string, { identity }: ResultsFile): boolean | null {
    const current = this.#current(name);
    if (identity === null || current === null || "problem" in current) return null;
    return current.notebook === identity.notebook;
  }

  /** Asks for nothing more, and waits for what is being asked. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  /** Resolves when everything that was asked for is known. */
  async settled(): Promise<void> {
    let work: Promise<void>;
    do await (work = this.#work); while (work !== this.#work);
  }

  #current(name: string): Current {
    const path = this.notebook(name);
    if (path === null) return NO_NOTEBOOK;
    const known = this.#known.get(name);
    const nowMs = performance.now();
    const trusted = known !== undefined && nowMs - (this.#lookedMs.get(name) ?? -Infinity) < TRUSTED_MS;
    if (!trusted && !this.#waiting.has(name)) {
      this.#lookedMs.set(name, nowMs);
      if (known === undefined || known.stamp !== stampOf(path, known.identity)) this.#find(name, path);
    }
    return known?.identity ?? null;
  }

  /** One notebook after another: each starts a process. */
  #find(name: string, path: string): void {
    this.#waiting.add(name);
    this.#work = this.#work.then(async () => {
      if (this.#closed) return;
      const identity = await this.identityOf(path).catch((error: Error) => ({
        problem: `its notebook cannot be read: ${error.message}`,
      }));
      this.#known.set(name, { identity, stamp: stampOf(path, identity) });
      this.#waiting.delete(name);
    });
  }
}

/** A text that changes when a file does that the identity was made from. */
function stampOf(notebook: string, identity: RunIdentity | { problem: string }): string {
  if ("problem" in identity) return fileStamp(notebook);
  const { modules, data } = identity;
  return [
    notebook,
    projectPath("package-lock.json"),
    ...Object.keys(modules).map((path) => projectPath(path)),
    // A data set by its manifest, or a single file by itself.
    ...Object.keys(data).flatMap((name) => [projectPath("data", name, "manifest.json"), projectPath("data", name)]),
  ].map(fileStamp).join("\n");
}
