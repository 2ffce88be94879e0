// A loader of windows as a benchmark subject: a batch of a running epoch, or, as the CBI document times it, the first batch of a new one.

import process from "node:process";
import {
  loadSeries,
  type SeriesSource,
  type WindowLoader,
  windowLoader,
  type WindowOptions,
  windowsOf,
} from "../../data/mod.ts";
import { projectPath } from "../../process/mod.ts";
import type { OpenedSubject } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";

/** What is loaded, and how. Plain JSON. */
export interface SeriesLoading {
  series: SeriesSource;
  windows: WindowOptions;
  batchSize: number;
  /** Threads; 0 loads in the calling thread. */
  workers: number;
  /** Whether threads are kept from one epoch to the next. */
  persistent: boolean;
  /** What a call takes: the next batch of a running epoch, or the first one of a new epoch. */
  takes: "next" | "first";
}

/** A subject of this module; `batchSize` must be that of the benchmark. */
export function seriesLoader(options: SeriesLoading): ModuleSubject {
  const { workers, persistent, takes, batchSize } = options;
  const kept = workers === 0 ? "" : persistent ? ", kept" : ", started each epoch";
  return {
    name: `loader, ${workers} workers${kept}, ${takes} batch of ${batchSize}`,
    module: projectPath("lib", "bench", "subjects", "series_loader.ts"),
    options: JSON.parse(JSON.stringify(options)),
  };
}

/** Opens it, in the process that measures. */
export async function open(
  { series, windows: options, batchSize, workers, persistent, takes }: SeriesLoading,
): Promise<OpenedSubject> {
  const windows = windowsOf(await loadSeries(series.series, series.options), options);
  const loader = windowLoader(windows, { batchSize, workers, persistent, dropLast: true });
  const { context, target } = windows.dataset.columns;
  const taker = takerOf(loader, takes);
  let last = await taker.take();
  return {
    call: async () => {
      last = await taker.take();
    },
    // The file is parsed anew for each batch: it must give what is in memory.
    check: () => {
      const { rows, columns } = last;
      const wrong = [[columns.context, context], [columns.target, target]].reduce((sum, [loaded, whole]) => {
        const width = loaded.data.length / rows.length;
        return sum +
          loaded.data.filter((value, i) => value !== whole.data[rows[Math.floor(i / width)] * width + i % width])
            .length;
      }, 0);
      const elements = columns.context.data.length + columns.target.data.length;
      return {
        reference: "windows in memory",
        relativeError: wrong / elements,
        bound: 0,
        output: "context and target",
        elements,
      };
    },
    release: async () => {
      await taker.end();
      await loader.close();
    },
  };
}

type Batch = Awaited<ReturnType<ReturnType<WindowLoader["epoch"]>["next"]>>["value"] & object;

function takerOf(loader: WindowLoader, takes: SeriesLoading["takes"]) {
  let epoch = 0;
  let running = loader.epoch(epoch);
  const first = async (): Promise<Batch> => {
    await running.return();
    running = loader.epoch(++epoch);
    return (await running.next()).value as Batch;
  };
  const next = async (): Promise<Batch> => {
    const { value, done } = await running.next();
    return done ? await first() : value;
  };
  return { take: takes === "first" ? first : next, end: () => running.return() };
}

/** What loading took of the processor. */
export interface LoaderUse {
  batches: number;
  elapsedMs: number;
  /** Of this process with all its threads; 1 is a core. */
  coresUsed: number;
}

/**
 * Loads epochs for a while in this process, which should do nothing else, and says how many cores that kept busy.
 *
 * @throws {RangeError} when the time is not positive
 */
export async function measureLoaderUse(loader: WindowLoader, { leastMs }: { leastMs: number }): Promise<LoaderUse> {
  if (!(leastMs > 0)) throw new RangeError(`Cannot measure a loader: expected a positive time, got ${leastMs}`);
  const taker = takerOf(loader, "next");
  await taker.take(); // threads are there
  const [start, before] = [performance.now(), process.cpuUsage()];
  let batches = 0;
  let elapsedMs = 0;
  while (elapsedMs < leastMs) {
    await taker.take();
    batches++;
    elapsedMs = performance.now() - start;
  }
  const { user, system } = process.cpuUsage(before);
  await taker.end();
  return { batches, elapsedMs, coresUsed: (user + system) / 1000 / elapsedMs };
}
