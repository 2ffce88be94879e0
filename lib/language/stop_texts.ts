// Texts that end a generation, wherever token borders fall: text that may become one is held back until it is clear.

/** Lets text through up to the first stop text. */
export class StopTexts {
  #stops: readonly string[];
  #held = "";
  #found: string | null = null;

  /** @throws {RangeError} for an empty stop text */
  constructor(stops: readonly string[]) {
    if (stops.some((stop) => stop === "")) {
      throw new RangeError("Cannot generate: expected stop texts of at least one character, got an empty one");
    }
    this.#stops = stops;
  }

  /** The stop text that came; null so far. */
  get found(): string | null {
    return this.#found;
  }

  /** Text that can be shown after this piece: without a stop text, and without what may become one. */
  push(piece: string): string {
    if (this.#found !== null) return "";
    const text = this.#held + piece;
    let first = Infinity;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at !== -1 && at < first) [first, this.#found] = [at, stop];
    }
    if (this.#found !== null) {
      this.#held = "";
      return text.slice(0, first);
    }
    const kept = Math.max(0, ...this.#stops.map((stop) => beginningAtEnd(text, stop)));
    this.#held = text.slice(text.length - kept);
    return text.slice(0, text.length - kept);
  }

  /** What was held back, when nothing follows. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** Length of the longest end of `text` that begins `stop`. */
function beginningAtEnd(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
