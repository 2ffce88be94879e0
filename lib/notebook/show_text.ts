// A text that grows in a cell while it is generated.

import { performance } from "node:perf_hooks";
import process from "node:process";
import { displayBundle, inKernel, jupyter } from "./jupyter.ts";

/** Options of `showText`; tests give their own. */
export interface ShowTextOptions {
  /** Monotonic clock in milliseconds. */
  nowMs?: () => number;
  /** Receives the text so far, with `isLast` once at the end. */
  show?: (text: string, isLast: boolean) => void | Promise<void>;
}

/** A front end draws a cell anew at each update: more of them would be slower and look the same. */
const MIN_INTERVAL_MS = 80;

/**
 * Shows a text while its pieces come, as `generateText` of lib/language gives them, and returns the whole. In a kernel the cell's display
 * grows in place; a headless run keeps the whole text; a plain program prints it as it comes.
 *
 * @throws what the pieces throw; the text so far stays shown
 *
 * @example
 * ```ts
 * import { showText } from "lib/notebook/mod.ts";
 * async function* pieces() {
 *   yield "Once upon ";
 *   yield await Promise.resolve("a time");
 * }
 * const text = await showText(pieces()); // in a notebook: showText(generateText(model, tokenizer, "Once", { maxTokens: 64 }))
 * if (text !== "Once upon a time") throw new Error("the whole text");
 * ```
 */
export async function showText(pieces: AsyncIterable<string>, options: ShowTextOptions = {}): Promise<string> {
  const nowMs = options.nowMs ?? (() => performance.now());
  const show = options.show ?? defaultShow();
  let text = "";
  let lastShownMs = -Infinity;
  try {
    for await (const piece of pieces) {
      text += piece;
      if (nowMs() - lastShownMs < MIN_INTERVAL_MS) continue;
      lastShownMs = nowMs();
      await show(text, false);
    }
  } finally {
    await show(text, true);
  }
  return text;
}

let displayCount = 0;

function defaultShow(): (text: string, isLast: boolean) => void | Promise<void> {
  if (jupyter() === null) return printing((text) => void process.stdout.write(text));
  const isLive = inKernel();
  const displayId = `text-${++displayCount}`;
  let shown = false;
  return async (text, isLast) => {
    if (!isLive && !isLast) return;
    // A front end that is gone does not stop the generation.
    await displayBundle({ "text/plain": text }, { displayId, update: shown }).catch(() => {});
    shown = true;
  };
}

/** Prints what is new, and a line feed in the end. */
function printing(write: (text: string) => void): (text: string, isLast: boolean) => void {
  let printed = 0;
  return (text, isLast) => {
    write(text.slice(printed) + (isLast ? "\n" : ""));
    printed = text.length;
  };
}
