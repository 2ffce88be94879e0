// The studies in a folder, opened when they are first asked for. A study that cannot be read says why and leaves the others alone.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { StudyEntry } from "./index_page.ts";
import { openStudyReader, type StudyReader } from "../sweep/mod.ts";
import { secondsLeft } from "./summary.ts";

/** Opens the reader of a study. */
export type OpenReader = (name: string) => Promise<StudyReader>;

/** Opens studies of a folder by lib/sweep's reader. */
export function storeReader(checkpointsFolder: string): OpenReader {
  return (name) => openStudyReader(name, { checkpointsFolder });
}

const NAME = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** A study's open reader, or why there is none. */
export type Shelved = { reader: StudyReader } | { problem: string };

/** The studies of a folder. */
export class StudyShelf {
  readonly #folder: string;
  readonly #openReader: OpenReader;
  readonly #open = new Map<string, { reader: StudyReader; file: string }>();

  constructor(folder: string, openReader: OpenReader) {
    this.#folder = folder;
    this.#openReader = openReader;
  }

  /** Names of the studies, sorted. */
  names(): string[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder).filter((name) => NAME.test(name) && existsSync(this.#path(name))).sort();
  }

  /** A study, or null when there is none of this name. */
  async study(name: string): Promise<Shelved | null> {
    if (!NAME.test(name) || !existsSync(this.#path(name))) {
      this.#drop(name);
      return null;
    }
    const file = identity(this.#path(name));
    if (this.#open.get(name)?.file !== file) this.#drop(name); // removed and made again since
    const open = this.#open.get(name);
    if (open) return { reader: open.reader };
    try {
      const reader = await this.#openReader(name);
      const meanwhile = this.#open.get(name);
      if (meanwhile) {
        reader.close();
        return { reader: meanwhile.reader };
      }
      this.#open.set(name, { reader, file });
      return { reader };
    } catch (error) {
      return { problem: (error as Error).message };
    }
  }

  /** What the list of studies says of one. */
  async entry(name: string): Promise<StudyEntry> {
    const found = await this.study(name);
    if (found === null) return { name, problem: "It was removed." };
    if ("problem" in found) return { name, problem: found.problem };
    try {
      const summary = found.reader.summary();
      return { name, summary, secondsLeft: summary.state === "running" ? secondsLeft(found.reader.trials()) : null };
    } catch (error) {
      return { name, problem: (error as Error).message };
    }
  }

  close(): void {
    for (const name of [...this.#open.keys()]) this.#drop(name);
  }

  #path(name: string): string {
    return join(this.#folder, name, "study.sqlite");
  }

  #drop(name: string): void {
    this.#open.get(name)?.reader.close();
    this.#open.delete(name);
  }
}

function identity(path: string): string {
  const { dev, ino } = statSync(path);
  return `${dev}:${ino}`;
}
