// The iterations of a run, kept beside its checkpoint, so that a resumed run can tell of those before it: one JSON object a line.

import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readSidecar } from "../../train/mod.ts";
import type { Iteration } from "./fine_tune.ts";

/** Name of the file in the folder of a checkpoint. */
export const ITERATIONS_FILE = "iterations.jsonl";

/** The iterations of a run so far. */
export class IterationLog {
  /** Whether the file holds what is known: until the first iteration it may still be that of a run that is not ours. */
  #isOurs = false;

  private constructor(private readonly path: string | null, private readonly known: Iteration[]) {}

  /**
   * The log of a run in a folder. Iterations after its checkpoint are forgotten: they will be done again.
   *
   * @param folder null: only in memory
   */
  static async open(folder: string | null, { resume }: { resume: boolean }): Promise<IterationLog> {
    if (folder === null) return new IterationLog(null, []);
    const path = join(folder, ITERATIONS_FILE);
    const step = resume ? (await readSidecar(folder))?.step ?? 0 : 0;
    const kept = existsSync(path)
      ? parsed(await readFile(path, "utf8")).filter(({ iteration }) => iteration <= step)
      : [];
    return new IterationLog(path, kept);
  }

  get iterations(): readonly Iteration[] {
    return this.known;
  }

  add(iteration: Iteration): void {
    this.known.push(iteration);
    if (this.path === null) return;
    if (this.#isOurs) appendFileSync(this.path, lineOf(iteration));
    else {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(this.path, this.known.map(lineOf).join(""));
    }
    this.#isOurs = true;
  }
}

const lineOf = (iteration: Iteration) => `${JSON.stringify(iteration)}\n`;

/** Whole lines; a killed process may have left a part of one at the end. */
function parsed(text: string): Iteration[] {
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Iteration);
}
