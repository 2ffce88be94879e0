// A loader of windows: batches parsed from the CSV file when they are wanted, by threads that work ahead. The order of batches and their bits depend
// on seed and epoch only, never on the number of threads.
//
// There is no "pinned memory" here. In PyTorch it is host memory that the GPU's driver may read while the program goes on; ONNX Runtime's sessions take
// ordinary arrays, on a Mac CPU and GPU share one memory anyway, and `lib/train` keeps columns on a GPU from the start. What costs time between threads is
// copying, and a batch's arrays are handed over (transferred) without a copy.

import { batches } from "../batches.ts";
import type { Column } from "../dataset.ts";
import type { SeriesWindows } from "../series/windows.ts";
import { ThreadPool } from "./thread_pool.ts";
import { WindowReader, type WindowReading, type WindowValues } from "./window_reader.ts";

/** How a loader works. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Of the order of batches; default 1. */
  readonly seed?: number;
  /** Rows of the windows' dataset; default its training split. */
  readonly rows?: Uint32Array;
  /** Default true. Rows that are not shuffled come in the order of time. */
  readonly shuffle?: boolean;
  /** Leave out a last batch that is smaller than the others; default false. */
  readonly dropLast?: boolean;
  /** Threads; 0 (default) reads in the calling thread, when a batch is asked for. */
  readonly workers?: number;
  /** Batches that each thread works ahead; default 2. */
  readonly prefetch?: number;
  /** Keep the threads from one epoch to the next; default true. */
  readonly persistent?: boolean;
}

/** A batch, as sessions and steppers take it. */
export interface LoadedBatch {
  /** Of the epoch, counted from 0. */
  readonly index: number;
  readonly rows: Uint32Array;
  /** `context` [rows, context, columns of the series] and `target` [rows, horizon], normalised; the caller's own. */
  readonly columns: { readonly context: Column; readonly target: Column };
}

/** Loads epochs of batches. */
export interface WindowLoader {
  /** Batches of an epoch. */
  readonly batchesPerEpoch: number;
  /** Threads that read; 0 is the calling one. */
  readonly workers: number;
  /**
   * The batches of an epoch, counted from 0, in order. Leaving the loop early is fine: what threads had read ahead is thrown away.
   *
   * @throws {Error} when a batch cannot be read, with the reason of the thread as `cause`, or the loader was closed
   */
  epoch(epoch: number): AsyncGenerator<LoadedBatch, void, void>;
  /** Ends the threads. What is still waited for is refused. */
  close(): Promise<void>;
}

const MOST_WORKERS = 64;

/**
 * Opens a loader over windows. The series' file was checked when it was loaded; threads read it anew, line by line, so that a batch costs reading,
 * parsing and normalising, and memory does not grow with the file.
 *
 * @throws {RangeError} when an option is out of range
 *
 * @example
 * ```ts
 * import { loadSeries, windowLoader, windowsOf } from "lib/data/mod.ts";
 * const windows = windowsOf(await loadSeries("wti"), { context: 32, horizon: 5 });
 * const loader = windowLoader(windows, { batchSize: 64, workers: 2 });
 * for await (const { columns } of loader.epoch(0)) {
 *   console.log(columns.context.shape); // [64, 32, 1]
 *   break;
 * }
 * await loader.close();
 * ```
 */
export function windowLoader(windows: SeriesWindows, options: LoaderOptions): WindowLoader {
  const complete = completeOptions(windows, options);
  const reading = readingOf(windows);
  return complete.workers === 0 ? new DirectLoader(reading, complete) : new ThreadedLoader(reading, complete);
}

type CompleteOptions = Required<LoaderOptions>;

function completeOptions(windows: SeriesWindows, options: LoaderOptions): CompleteOptions {
  const complete = {
    seed: 1,
    rows: windows.dataset.splits.train,
    shuffle: true,
    dropLast: false,
    workers: 0,
    prefetch: 2,
    persistent: true,
    ...options,
  };
  const check = (name: "workers" | "prefetch", least: number, most: number) => {
    const value = complete[name];
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(
      `Cannot open a loader: expected ${name} to be an integer from ${least} to ${most}, got ${value}`,
    );
  };
  check("workers", 0, MOST_WORKERS);
  check("prefetch", 1, 1024);
  epochOrder(complete, 0); // refuses a batch size that gives no batch
  const wrong = complete.rows.find((row) => row >= windows.starts.length);
  if (wrong === undefined) return complete;
  throw new RangeError(`Cannot open a loader: expected rows below ${windows.starts.length}, got ${wrong}`);
}

function epochOrder({ rows, batchSize, seed, shuffle, dropLast }: CompleteOptions, epoch: number): Uint32Array[] {
  const shuffled = batches(rows, { batchSize, seed, epoch, dropLast });
  if (shuffle) return shuffled;
  return shuffled.map((batch, i) => rows.subarray(i * batchSize, i * batchSize + batch.length));
}

/** The arrays in memory that threads share. */
function readingOf({ series: { file }, starts, options, normalization }: SeriesWindows): WindowReading {
  return {
    path: file.path,
    bytes: file.bytes,
    lineStarts: shared(file.starts),
    lineEnds: shared(file.ends),
    fieldIndices: file.fieldIndices,
    starts: new Uint32Array(sharedBytes(starts)),
    context: options.context,
    horizon: options.horizon,
    normalization,
  };
}

const shared = (values: Float64Array) => new Float64Array(sharedBytes(values));

function sharedBytes(values: Float64Array | Uint32Array): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(values.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return buffer;
}

function batchOf(
  { context, horizon, fieldIndices }: WindowReading,
  { index, rows, values }: { index: number; rows: Uint32Array; values: WindowValues },
): LoadedBatch {
  const column = (shape: number[], data: Float32Array): Column => ({ dtype: "float32", shape, data });
  return {
    index,
    rows,
    columns: {
      context: column([rows.length, context, fieldIndices.length], values.context),
      target: column([rows.length, horizon], values.target),
    },
  };
}

/** Reads in the calling thread. */
class DirectLoader implements WindowLoader {
  readonly workers = 0;
  readonly batchesPerEpoch: number;
  readonly #reading: WindowReading;
  readonly #options: CompleteOptions;
  #reader: WindowReader | null = null;
  #closed = false;

  constructor(reading: WindowReading, options: CompleteOptions) {
    this.#reading = reading;
    this.#options = options;
    this.batchesPerEpoch = epochOrder(options, 0).length;
  }

  async *epoch(epoch: number): AsyncGenerator<LoadedBatch, void, void> {
    for (const [index, rows] of epochOrder(this.#options, epoch).entries()) {
      if (this.#closed) throw new Error("Cannot load a batch: the loader was closed");
      let values: WindowValues;
      try {
        this.#reader ??= new WindowReader(this.#reading);
        values = this.#reader.read(rows);
      } catch (cause) {
        throw new Error(`Cannot load a batch: ${(cause as Error).message}`, { cause });
      }
      yield batchOf(this.#reading, { index, rows, values });
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#reader?.close();
    this.#reader = null;
    return Promise.resolve();
  }
}

/** Has threads read ahead. */
class ThreadedLoader implements WindowLoader {
  readonly workers: number;
  readonly batchesPerEpoch: number;
  readonly #reading: WindowReading;
  readonly #options: CompleteOptions;
  readonly #pools = new Set<ThreadPool>();
  #kept: ThreadPool | null = null;
  #closed = false;

  constructor(reading: WindowReading, options: CompleteOptions) {
    this.#reading = reading;
    this.#options = options;
    this.workers = options.workers;
    this.batchesPerEpoch = epochOrder(options, 0).length;
  }

  async *epoch(epoch: number): AsyncGenerator<LoadedBatch, void, void> {
    if (this.#closed) throw new Error("Cannot load a batch: the loader was closed");
    const { workers, prefetch, persistent } = this.#options;
    const order = epochOrder(this.#options, epoch);
    const pool = this.#pool();
    const ahead: Promise<WindowValues>[] = [];
    let asked = 0;
    const request = () => {
      for (; asked < order.length && ahead.length < workers * prefetch; asked++) {
        const reply = pool.read(order[asked], asked);
        reply.catch(() => {}); // seen when its turn comes; until then nobody waits for it
        ahead.push(reply);
      }
    };
    let keep = persistent;
    try {
      for (let index = 0; index < order.length; index++) {
        request();
        const values = await ahead.shift()!.catch((error) => {
          keep = false; // the next epoch starts with new threads
          throw error;
        });
        request(); // threads go on while the caller works on this batch
        yield batchOf(this.#reading, { index, rows: order[index], values });
      }
    } finally {
      if (!keep) await this.#end(pool);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#pools].map((pool) => this.#end(pool)));
  }

  #pool(): ThreadPool {
    const { workers, persistent } = this.#options;
    if (persistent && this.#kept) return this.#kept;
    const pool = new ThreadPool(this.#reading, workers);
    this.#pools.add(pool);
    if (persistent) this.#kept = pool;
    return pool;
  }

  async #end(pool: ThreadPool): Promise<void> {
    this.#pools.delete(pool);
    if (pool === this.#kept) this.#kept = null;
    await pool.close();
  }
}
