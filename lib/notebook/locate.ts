// From a position in the generated module, as errors and stacks name it, to a place in the notebook.

import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { projectRoot } from "../process/mod.ts";
import type { CellPosition } from "./extract.ts";

/** One frame of a stack, or one place in a message. */
export interface Frame {
  /** The place in the notebook; null for another file. */
  position: CellPosition | null;
  /** `lib/models/lnsp.ts:12`, or `cell 2, line 3`. */
  text: string;
  /** Neither the project's nor the notebook's own: Deno's internals, packages, the runner. */
  foreign: boolean;
}

const PLACE = /(?:file:\/\/[^\s()'"]+?|(?:ext|node):[^\s()'"]+?):(\d+):\d+/g;
const MAX_FRAMES = 8;

/** Translates the positions of one generated module. */
export class Locator {
  readonly #url: string;

  constructor(generatedPath: string, readonly positions: (CellPosition | null)[]) {
    this.#url = pathToFileURL(generatedPath).href;
  }

  /** Every place that `text` names, in order. */
  frames(text: string): Frame[] {
    return [...text.matchAll(PLACE)].map((match) => {
      const line = Number(match[1]);
      const url = match[0].replace(/:\d+:\d+$/, "");
      if (url === this.#url) {
        const position = this.positions[line - 1] ?? null;
        return position
          ? { position, text: `cell ${position.cell}, line ${position.line}`, foreign: false }
          : { position, text: "between cells", foreign: true };
      }
      return { position: null, text: `${shortPath(url)}:${line}`, foreign: isForeign(url) };
    });
  }

  /** Frames of a stack worth telling, innermost first: the project's own, at most 8. */
  tellable(stack: string): Frame[] {
    return this.frames(stack).filter((frame) => !frame.foreign).slice(0, MAX_FRAMES);
  }

  /** `text` with places in the generated file told as cell and line, and the project's path taken out. */
  clean(text: string): string {
    const told = text.replaceAll(PLACE, (place, line) => {
      const position = place.startsWith(`${this.#url}:`) ? this.positions[Number(line) - 1] : null;
      return position ? `cell ${position.cell}, line ${position.line}` : place;
    });
    return told.replaceAll(this.#url, "the notebook").replaceAll(pathToFileURL(projectRoot()).href + "/", "")
      .replaceAll(projectRoot() + "/", "");
  }
}

function shortPath(url: string): string {
  if (!url.startsWith("file:")) return url;
  return relative(projectRoot(), fileURLToPath(url));
}

function isForeign(url: string): boolean {
  return !url.startsWith("file:") || url.includes("/node_modules/") || /\/lib\/notebook\/headless_/.test(url);
}
