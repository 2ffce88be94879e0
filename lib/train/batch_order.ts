// Which rows each batch of a run has: pass after pass over the training rows, each in an order of its own that depends on the seed and the
// pass's number only.

import { batches } from "../data/mod.ts";

/** How passes are cut into batches. */
export interface BatchOrderOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** At most as many as there are; the others of a pass are left out of it. */
  readonly batchesPerPass: number;
}

/** The batches of a run. */
export class BatchOrder {
  #pass: { number: number; order: Uint32Array[] } = { number: -1, order: [] };

  constructor(private readonly rows: Uint32Array, private readonly options: BatchOrderOptions) {}

  /** Rows of a batch, counted from 0 over the whole run. */
  rowsOf(batch: number): Uint32Array {
    const { batchSize, seed, batchesPerPass } = this.options;
    const number = Math.floor(batch / batchesPerPass);
    if (this.#pass.number !== number) {
      this.#pass = { number, order: batches(this.rows, { batchSize, seed, epoch: number, dropLast: true }) };
    }
    return this.#pass.order[batch % batchesPerPass];
  }
}
