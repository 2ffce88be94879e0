// Sequences that are fed together: their caches, and the positions of what is in them. Rows of unlike lengths are padded in front; a padded
// slot has position -1, which no query sees and convolutions read as zero.

import { setImmediate } from "node:timers/promises";
import { type ArrayValue, elementCount, fixDims } from "../../graph/mod.ts";
import type { ResidentArray, ResidentSession } from "../../runtime/mod.ts";
import type { Lfm2Config } from "./config.ts";
import type { FeedOptions, Sequence } from "./language_model.ts";
import { type Lfm2Cache, lfm2Caches, rotaryAngles } from "./model.ts";

/** Positions that are computed at once: the scores of an attention grow with them, and a prompt may have 128,000. */
const POSITIONS_AT_ONCE = 256;
/** A cache begins with a slot that holds nothing, since there are no tensors of size 0. */
const EMPTY_SLOTS = 1;
const NOTHING = -1;

/** What a sequence is computed with. */
export interface SequenceModel {
  readonly config: Lfm2Config;
  readonly session: ResidentSession;
  /** Parameters that are fed at each run. */
  readonly parameters: Readonly<Record<string, ArrayValue>>;
  /** Raises an error when the model was released. */
  expectOpen(): void;
}

/** @throws {RangeError} when batchSize is not an integer from 1 */
export function startSequence(model: SequenceModel, batchSize: number): Sequence {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`Cannot start sequences: expected a number of rows from 1, got ${batchSize}`);
  }
  return new Lfm2Sequence(model, batchSize);
}

class Lfm2Sequence implements Sequence {
  readonly #model: SequenceModel;
  readonly #caches: readonly Lfm2Cache[];
  /** By the caches' inputs; null once released. */
  #kept: Record<string, ArrayValue | ResidentArray> | null;
  /** Position of each slot, row by row, `EMPTY_SLOTS` more than `length`. */
  #slots: Int32Array[];
  #length = 0;
  #unusable: string | null = null;

  constructor(model: SequenceModel, readonly batchSize: number) {
    this.#model = model;
    this.#caches = lfm2Caches(model.config);
    this.#kept = Object.fromEntries(this.#caches.map((cache) => [cache.input, emptyCache(cache, batchSize)]));
    this.#slots = Array.from({ length: batchSize }, () => new Int32Array(EMPTY_SLOTS).fill(NOTHING));
  }

  get length(): number {
    return this.#length;
  }

  get cacheBytes(): number {
    const bytes = (value: ArrayValue | ResidentArray) => "data" in value ? value.data.byteLength : value.byteLength;
    return Object.values(this.#kept ?? {}).reduce((sum, value) => sum + bytes(value), 0);
  }

  async feed(tokenIds: readonly ArrayLike<number>[], options: FeedOptions = {}): Promise<Float32Array> {
    if (this.#unusable !== null) throw new Error(`Cannot feed tokens: ${this.#unusable}`);
    this.#model.expectOpen();
    this.#check(tokenIds);
    const total = Math.max(...tokenIds.map(({ length }) => length));
    let logits: Float32Array | null = null;
    this.#unusable = "an earlier call was stopped or failed half-way; start again";
    for (let start = 0; start < total; start += POSITIONS_AT_ONCE) {
      if (start > 0 && options.signal !== undefined) {
        await setImmediate(); // a part blocks the thread: without a turn of the event loop, no signal would arrive
        options.signal.throwIfAborted();
      }
      const end = Math.min(start + POSITIONS_AT_ONCE, total);
      logits = await this.#step(tokenIds, { start, end, total });
      options.onProgress?.(end, total);
    }
    this.#unusable = null;
    return logits!;
  }

  release(): void {
    for (const value of Object.values(this.#kept ?? {})) if (!("data" in value)) value.release();
    this.#kept = null;
    this.#unusable = "the sequence was released";
  }

  #check(tokenIds: readonly ArrayLike<number>[]): void {
    const { vocabSize, contextLength } = this.#model.config;
    if (tokenIds.length !== this.batchSize) {
      throw new RangeError(`Cannot feed tokens: expected ${this.batchSize} rows, got ${tokenIds.length}`);
    }
    tokenIds.forEach((row, i) => {
      const at = this.batchSize === 1 ? "" : ` in row ${i}`;
      if (row.length === 0) throw new RangeError(`Cannot feed tokens: expected at least one token${at}, got none`);
      if (this.#length > 0 && row.length !== tokenIds[0].length) {
        const expected = `rows of one length after the first call, as row 0 of ${tokenIds[0].length}`;
        throw new RangeError(`Cannot feed tokens: expected ${expected}, got ${row.length}${at}`);
      }
      if (this.#length + row.length > contextLength) {
        const got = this.#length === 0 ? `${row.length}` : `${this.#length} and ${row.length} more`;
        throw new RangeError(`Cannot feed tokens: expected at most ${contextLength} positions${at}, got ${got}`);
      }
      for (let k = 0; k < row.length; k++) {
        if (Number.isInteger(row[k]) && row[k] >= 0 && row[k] < vocabSize) continue;
        throw new RangeError(`Cannot feed tokens: expected ids in [0, ${vocabSize - 1}], got ${row[k]}${at}`);
      }
    });
  }

  /** Computes positions [start, end) of rows that are `total` long with their padding. */
  async #step(
    tokenIds: readonly ArrayLike<number>[],
    { start, end, total }: { start: number; end: number; total: number },
  ): Promise<Float32Array> {
    const count = end - start;
    const ids = new Int32Array(this.batchSize * count);
    const positions = new Int32Array(this.batchSize * count).fill(NOTHING);
    tokenIds.forEach((row, r) => {
      const padding = total - row.length;
      const before = this.#nextPosition(r);
      for (let i = Math.max(start, padding), next = before; i < end; i++, next++) {
        ids[r * count + i - start] = row[i - padding];
        positions[r * count + i - start] = next;
      }
    });
    const slots = this.#slots.map((row, r) => appended(row, positions.subarray(r * count, (r + 1) * count)));
    const logits = await this.#run({ ids, positions, slots });
    this.#slots = slots;
    this.#length += count;
    return logits;
  }

  /** The position after the last one of a row; padding has none. */
  #nextPosition(row: number): number {
    return this.#slots[row][this.#slots[row].length - 1] + 1;
  }

  async #run({ ids, positions, slots }: { ids: Int32Array; positions: Int32Array; slots: Int32Array[] }) {
    const { session, parameters, config } = this.#model;
    const kept = this.#kept!;
    const rows = this.batchSize;
    const int32 = (data: Int32Array): ArrayValue => ({ dtype: "int32", shape: [rows, data.length / rows], data });
    const { cosines, sines } = rotaryAngles(positions, config);
    const angles = (data: Float32Array): ArrayValue => {
      return { dtype: "float32", shape: [rows, positions.length / rows, config.headDim / 2], data };
    };
    const inputs: Record<string, ArrayValue | ResidentArray> = {
      token_ids: int32(ids),
      positions: int32(positions),
      key_positions: int32(joined(slots)),
      cosines: angles(cosines),
      sines: angles(sines),
      ...kept,
      ...parameters,
    };
    const feeds = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]]));
    const results = await session.run(feeds);
    for (const { input, output } of this.#caches) {
      const old = kept[input];
      if (!("data" in old)) old.release();
      kept[input] = results[output];
    }
    return (results.logits as ArrayValue).data as Float32Array;
  }
}

function emptyCache({ shape: named }: Lfm2Cache, batch: number): ArrayValue {
  const shape = fixDims(named, { batch, past: EMPTY_SLOTS }) as number[];
  return { dtype: "float32", shape, data: new Float32Array(elementCount(shape)) };
}

function appended(row: Int32Array, more: Int32Array): Int32Array {
  const longer = new Int32Array(row.length + more.length);
  longer.set(row);
  longer.set(more, row.length);
  return longer;
}

function joined(rows: readonly Int32Array[]): Int32Array {
  if (rows.length === 1) return rows[0];
  const all = new Int32Array(rows.length * rows[0].length);
  rows.forEach((row, i) => all.set(row, i * row.length));
  return all;
}
