// Server-sent events: one watcher for each study that somebody looks at. It asks the store for what is newer than the last
// revision that it has seen, and every page gets the same change.

import type { ServerResponse } from "node:http";
import { encodeChange, parameterNames } from "./study_data.ts";
import { countsText } from "./summary.ts";
import { studySummary } from "./study_page.ts";
import type { StudyReader, TrialView } from "../sweep/mod.ts";
import { COMMON_HEADERS } from "./guard.ts";
import type { Shelved } from "./shelf.ts";

/** How often a watched study is asked for changes, in milliseconds. */
const WATCH_MS = 400;
/** Of so many looks without news, one is at the study as a whole. */
const LOOKS_A_SUMMARY = 4;
/** A line without meaning, so that a connection that is no longer there is noticed. */
const ALIVE_MS = 15_000;

/** What a page is told. */
export interface Change {
  revision: number;
  [field: string]: unknown;
}

/** What a page knows: a revision, and the state of the study as a whole, which changes without one when a run is killed. */
export interface Known {
  revision: number;
  /** Null: the page does not follow it. */
  state: string | null;
}

/** Gives what is newer than what a page knows; `change` is null when nothing is. */
export type ChangesSince = (known: Known) => Promise<{ change: Change | null; state: string | null }>;

interface Listener extends Known {
  response: ServerResponse;
}

/** Tells listeners of changes; watches only while there are any. */
export class Watcher {
  readonly #changes: ChangesSince;
  readonly #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #aliveMs = performance.now();
  #looking = false;

  constructor(changes: ChangesSince) {
    this.#changes = changes;
  }

  /** Answers with events of what is newer than a page knows, until it goes away. */
  add(response: ServerResponse, known: Known): void {
    const listener: Listener = { response, ...known };
    response.writeHead(200, { ...COMMON_HEADERS, "content-type": "text/event-stream; charset=utf-8" });
    response.write("retry: 1500\n\n");
    this.#listeners.add(listener);
    response.on("close", () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    });
    this.#timer ??= setTimeout(() => this.#look(), 0);
  }

  close(): void {
    this.#stop();
    for (const { response } of this.#listeners) response.end();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      // Pages that have just come may be behind the others.
      const groups = Map.groupBy(this.#listeners, ({ revision, state }) => `${revision} ${state}`);
      for (const listeners of groups.values()) await this.#tell(listeners);
    } catch {
      // A study that is being removed, or was damaged: its page says so when it is loaded again.
    }
    this.#looking = false;
    if (this.#listeners.size > 0) this.#timer = setTimeout(() => this.#look(), WATCH_MS);
    else this.#stop();
  }

  /** Tells pages that know the same. */
  async #tell(listeners: readonly Listener[]): Promise<void> {
    const { change, state } = await this.#changes(listeners[0]);
    const alive = performance.now() - this.#aliveMs > ALIVE_MS;
    if (alive) this.#aliveMs = performance.now();
    for (const listener of listeners) {
      listener.state = state ?? listener.state;
      if (change === null) {
        if (alive) listener.response.write(": alive\n\n");
        continue;
      }
      listener.revision = change.revision;
      listener.response.write(`id: ${change.revision}\nevent: change\ndata: ${JSON.stringify(change)}\n\n`);
    }
  }
}

/** A text that changes when a study does, for a list of many; the study is read whole only now and then. */
export function studyPulse(open: () => Promise<Shelved | null>): () => Promise<string> {
  let seen = -1;
  let state = "";
  let looks = 0;
  return async () => {
    const found = await open();
    if (found === null || "problem" in found) return found?.problem ?? "";
    const { reader } = found;
    try {
      const news = reader.trials({ since: seen });
      for (const { revision } of news) seen = Math.max(seen, revision);
      if (news.length > 0 || looks++ % LOOKS_A_SUMMARY === 0) ({ state } = reader.summary());
      return `${reader.name} ${seen} ${state}`;
    } catch (error) {
      return (error as Error).message;
    }
  };
}

/** Changes of one study, as its pages take them. */
export function studyChanges(open: () => Promise<StudyReader | null>): ChangesSince {
  let all = new Map<string, TrialView>();
  let seen = -1;
  let reader: StudyReader | null = null;
  let looks = 0;
  return async ({ revision, state }) => {
    const opened = await open();
    if (opened === null) return { change: null, state: null };
    if (opened !== reader) [reader, all, seen] = [opened, new Map(), -1];
    // What is said of the study as a whole reads all of it: only when a trial changed, or now and then, for a run that ended.
    const quiet = revision >= seen && opened.trials({ since: seen }).length === 0;
    if (quiet && looks++ % LOOKS_A_SUMMARY !== 0) return { change: null, state: null };
    // The summary first: what comes after its revision is told again, and nothing is left out.
    const summary = opened.summary();
    for (const trial of opened.trials({ since: seen })) all.set(trial.key, trial);
    seen = summary.revision;
    const stateChanged = state !== null && state !== summary.state;
    if (summary.revision <= revision && !stateChanged) return { change: null, state: summary.state };
    const trials = [...all.values()];
    const changed = trials.filter((trial) => trial.revision > revision);
    const names = parameterNames(summary.definition.space, trials);
    const hasPage = () => true;
    const change = {
      revision: summary.revision,
      keys: changed.map(({ key }) => key),
      summaryHtml: studySummary({ summary, trials, hasPage }),
      summaryState: summary.state,
      said: `${countsText(summary)}; ${summary.state}`,
      ...encodeChange({ trials: changed, curves: opened.curves({ since: revision }), names, hasPage }),
    };
    return { change, state: summary.state };
  };
}
