// What a run has told and nobody has read yet: a run goes at its own pace, and whoever iterates over it may begin late or never.

/** Things pushed by a run, for one reader. */
export class RunQueue<T> {
  #waiting: T[] = [];
  #ended = false;
  #error: unknown = null;
  #wake: () => void = () => {};

  push(item: T): void {
    this.#waiting.push(item);
    this.#wake();
  }

  /** No more will come; an error is raised to the reader after all that was pushed. */
  end(error: unknown = null): void {
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async *iterate(): AsyncGenerator<T> {
    while (true) {
      while (this.#waiting.length > 0) yield this.#waiting.shift()!;
      if (this.#error) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
