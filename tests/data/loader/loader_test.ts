import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import {
  gatherRows,
  type LoadedBatch,
  type LoaderOptions,
  loadSeries,
  type SeriesWindows,
  windowLoader,
  windowsOf,
} from "lib/data/mod.ts";
import { ThreadPool } from "lib/data/loader/thread_pool.ts";
import { businessDays, TEST_PROVENANCE, withFiles } from "../series/series_files.ts";

const SHAPE = { context: 6, horizon: 2 };

/** Windows over a file with everything that a line may have: quotes, empty values, returns. */
async function withWindows(use: (windows: SeriesWindows, file: string) => Promise<void>, options = {}): Promise<void> {
  const value = (i: number) => i % 11 === 3 ? "." : i % 7 === 2 ? `"${i / 8}"` : i / 8;
  await withFiles(async (write) => {
    const text = `\uFEFF${businessDays(120, { price: value, volume: (i) => i * i })}`.replaceAll("\n", "\r\n");
    const file = write("prices.csv", text);
    const series = await loadSeries(file, { provenance: TEST_PROVENANCE, columns: ["price", "volume"], ...options });
    await use(windowsOf(series, { ...SHAPE, normalization: "anchored" }), file);
  });
}

async function epochs(windows: SeriesWindows, options: LoaderOptions, count = 2): Promise<LoadedBatch[][]> {
  const loader = windowLoader(windows, options);
  try {
    const all: LoadedBatch[][] = [];
    for (let epoch = 0; epoch < count; epoch++) {
      const batches: LoadedBatch[] = [];
      for await (const batch of loader.epoch(epoch)) batches.push(batch);
      assert.equal(batches.length, loader.batchesPerEpoch);
      all.push(batches);
    }
    return all;
  } finally {
    await loader.close();
  }
}

Deno.test("the loader gives the dataset's own bits in the same order with 0, 1, 2 and 4 workers", async () => {
  for (const missing of ["skip", "carryForward"]) {
    await withWindows(async (windows) => {
      const expected = await epochs(windows, { batchSize: 9 });
      assert.notDeepEqual(expected[0][0].rows, expected[1][0].rows);
      for (const { rows, columns } of expected.flat()) {
        for (const name of ["context", "target"] as const) {
          assert.deepEqual(columns[name].data, gatherRows(windows.dataset.columns[name], rows));
          assert.deepEqual(columns[name].shape, [rows.length, ...windows.dataset.columns[name].shape.slice(1)]);
        }
      }
      const all = expected[0].flatMap(({ rows }) => [...rows]).sort((a, b) => a - b);
      assert.deepEqual(all, [...windows.dataset.splits.train]);
      if (missing === "carryForward") return; // how a batch is read, not who reads it
      for (const [workers, prefetch, persistent] of [[1, 1, true], [2, 2, false], [4, 3, true]] as const) {
        assert.deepEqual(
          await epochs(windows, { batchSize: 9, workers, prefetch, persistent }),
          expected,
          `${workers} workers`,
        );
      }
    }, { missing });
  }
});

Deno.test("the loader reads rows in the order of time when they are not shuffled", async () => {
  await withWindows(async (windows) => {
    const rows = windows.dataset.splits.validation;
    const [batches] = await epochs(windows, { batchSize: 4, rows, shuffle: false, workers: 2 }, 1);
    assert.deepEqual(batches.flatMap((batch) => [...batch.rows]), [...rows]);
    assert.deepEqual(batches.map(({ index }) => index), batches.map((_, i) => i));
    const [dropped] = await epochs(windows, { batchSize: 4, rows, dropLast: true }, 1);
    assert.equal(dropped.length, Math.floor(rows.length / 4));
  });
});

Deno.test("an epoch may be left early, and the next one is whole", async () => {
  await withWindows(async (windows) => {
    for (const workers of [0, 2]) {
      const loader = windowLoader(windows, { batchSize: 8, workers });
      for await (const { index } of loader.epoch(0)) if (index === 1) break;
      let count = 0;
      for await (const _ of loader.epoch(1)) count++;
      assert.equal(count, loader.batchesPerEpoch);
      await loader.close();
      await loader.close();
      await assert.rejects(loader.epoch(2).next(), /Cannot load a batch: the loader was closed/);
    }
  });
});

Deno.test("closing a loader refuses what is still waited for", async () => {
  await withWindows(async (windows) => {
    const loader = windowLoader(windows, { batchSize: 8, workers: 2 });
    const refused = assert.rejects(loader.epoch(0).next(), /Cannot load a batch: the loader was closed/);
    await loader.close();
    await refused;
  });
});

Deno.test("a thread that cannot read says why, and the loader works again when it can", async () => {
  await withWindows(async (windows, file) => {
    for (const workers of [0, 2]) {
      const loader = windowLoader(windows, { batchSize: 8, workers });
      const { bytes } = windows.series.file;
      const good = await (async () => {
        for await (const batch of loader.epoch(0)) return batch;
      })();
      assert.ok(good);
      const text = readFileSync(file, "latin1");
      writeFileSync(file, text.replaceAll(/[0-9.]+\r/g, (end) => "x".repeat(end.length - 1) + "\r"), "latin1");
      await assert.rejects(loader.epoch(1).next(), (error: Error) => {
        assert.match(error.message, /^Cannot load a batch: .*expected a number in "field 3".*the file was changed$/);
        assert.match((error.cause as Error).message, /^Cannot read windows of .*prices\.csv: at byte \d+/);
        return true;
      });
      truncateSync(file, 100);
      const late = windowLoader(windows, { batchSize: 8, workers });
      await assert.rejects(late.epoch(0).next(), new RegExp(`expected ${bytes} bytes, got 100; the file was changed`));
      await late.close();
      writeFileSync(file, text, "latin1");
      let count = 0;
      for await (const _ of loader.epoch(2)) count++;
      assert.equal(count, loader.batchesPerEpoch);
      await loader.close();
    }
  });
});

Deno.test("a thread that dies takes its requests with it, with the reason", async () => {
  await withFiles(async (write) => {
    const module = write(
      "dies.mjs",
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { throw new Error("out of luck"); });',
    );
    const pool = new ThreadPool({} as never, 1, module);
    const refused = assert.rejects(pool.read(Uint32Array.of(0), 0), /thread 0 of the loader is gone: .*out of luck/);
    const also = assert.rejects(pool.read(Uint32Array.of(1), 1), /thread 0 of the loader is gone/);
    await refused;
    await also;
    await assert.rejects(pool.read(Uint32Array.of(2), 2), /thread 0 of the loader is gone/);
    await pool.close();
  });
});

Deno.test("windowLoader refuses options that mean nothing", async () => {
  await withWindows((windows) => {
    const refused: [Partial<LoaderOptions>, RegExp][] = [
      [{ batchSize: 0 }, /expected batchSize to be an integer from 1, got 0/],
      [{ batchSize: 1000, dropLast: true }, /expected at least one batch of 1000/],
      [{ workers: -1 }, /expected workers to be an integer from 0 to 64, got -1/],
      [{ workers: 1.5 }, /expected workers to be an integer from 0 to 64, got 1\.5/],
      [{ workers: 2, prefetch: 0 }, /expected prefetch to be an integer from 1 to 1024, got 0/],
      [{ rows: Uint32Array.of(9999) }, /expected rows below \d+, got 9999/],
    ];
    for (const [options, message] of refused) {
      assert.throws(() => windowLoader(windows, { batchSize: 8, ...options }), message);
    }
    return Promise.resolve();
  });
});
