import assert from "node:assert/strict";
import {
  batches,
  dataReference,
  datasetHashHere,
  gatherRows,
  inUnits,
  loadDataset,
  loadSeries,
  resolveReference,
  type SeriesWindows,
  targetValues,
  windowsBySource,
  windowsOf,
} from "lib/data/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { businessDays, seriesOf, TEST_PROVENANCE, withFiles } from "./series_files.ts";

const SHAPE = { context: 4, horizon: 2 };

/** A series of which each value is its own index, so that a window's values say which steps it holds. */
const ramp = (count: number) => seriesOf(businessDays(count, { price: (i) => i }));

/** Steps of a row, read from its normalised values. */
function stepsOf(windows: SeriesWindows, row: number): number[] {
  const { dataset: { columns }, normalization: { means: [mean], scales: [scale] } } = windows;
  const rows = Uint32Array.of(row);
  return [...gatherRows(columns.context, rows), ...gatherRows(columns.target, rows)].map((value) =>
    Math.abs(Math.round(mean + value * scale))
  );
}

Deno.test("no window crosses a boundary, and parts follow each other in time", async () => {
  const windows = windowsOf(await ramp(100), { ...SHAPE, split: { validation: 0.2, test: 0.1 } });
  const { segments, dataset: { splits, columns, texts } } = windows;
  assert.deepEqual(segments, {
    train: { start: 0, end: 70 },
    validation: { start: 70, end: 90 },
    test: { start: 90, end: 100 },
  });
  assert.deepEqual([splits.train.length, splits.validation.length, splits.test.length], [65, 15, 5]);
  assert.deepEqual(columns.context.shape, [85, 4, 1]);
  const seen = new Map<number, string>();
  for (const [name, rows] of Object.entries(splits)) {
    const { start, end } = segments[name as keyof typeof segments];
    for (const row of rows) {
      const steps = stepsOf(windows, row);
      assert.deepEqual(steps, Array.from({ length: 6 }, (_, i) => windows.starts[row] + i));
      assert.ok(steps[0] >= start && steps[5] < end, `row ${row} of ${name} holds ${steps}`);
      for (const step of steps) {
        assert.ok((seen.get(step) ?? name) === name, `step ${step} is in ${name} and ${seen.get(step)}`);
        seen.set(step, name);
      }
    }
  }
  assert.deepEqual([...texts.origin], [...texts.origin].sort());
  assert.equal(texts.origin[0], "2000-01-06");
});

Deno.test("a split by dates puts each day where the dates say", async () => {
  const series = await ramp(60);
  const { segments } = windowsOf(series, { ...SHAPE, split: { validationFrom: "2000-02-05", testFrom: "2000-03-01" } });
  assert.equal(segments.validation.start, 25); // 5 February 2000 is a Saturday
  assert.equal(segments.test.start, 42);
  const refused: [string, string][] = [["2000-03-01", "2000-02-05"], ["1999-01-01", "2000-02-05"], [
    "2000-02-05",
    "2001-01-01",
  ], ["x", "y"]];
  for (const [validationFrom, testFrom] of refused) {
    assert.throws(
      () => windowsOf(series, { ...SHAPE, split: { validationFrom, testFrom } }),
      /expected dates YYYY-MM-DD that rise between/,
    );
  }
});

Deno.test("normalisation knows nothing of what comes after the training part", async () => {
  const jump = (from: number) => seriesOf(businessDays(100, { price: (i) => i < from ? Math.sin(i) : 1000 + i }));
  for (const normalization of ["standard", "anchored"] as const) {
    const fitted = async (from: number) => windowsOf(await jump(from), { ...SHAPE, normalization }).normalization;
    assert.deepEqual(await fitted(70), await fitted(100), normalization);
    assert.notDeepEqual(await fitted(60), await fitted(100), normalization);
  }
  const { normalization: { means, scales } } = windowsOf(await ramp(100), SHAPE);
  assertAllClose([means[0], scales[0]], [34.5, Math.sqrt((70 ** 2 - 1) / 12)], { rtol: 1e-12 });
});

Deno.test("anchored windows are differences from their last known value, and inUnits undoes both kinds", async () => {
  const series = await seriesOf(businessDays(120, { price: (i) => 50 + 10 * Math.sin(i / 7), volume: (i) => 3 * i }), {
    columns: ["price", "volume"],
  });
  for (const normalization of ["standard", "anchored"] as const) {
    const windows = windowsOf(series, { ...SHAPE, normalization });
    const { dataset: { columns, splits: { validation } } } = windows;
    assert.deepEqual(columns.context.shape.slice(1), [4, 2]);
    const normalized = gatherRows(columns.target, validation);
    assertAllClose(inUnits(windows, validation, normalized), targetValues(windows, validation), { rtol: 1e-6 });
    if (normalization === "standard") continue;
    const [first] = validation;
    const context = gatherRows(columns.context, Uint32Array.of(first));
    assert.deepEqual([context[6], context[7]], [0, 0]); // the last step of both columns
    const [price, volume] = [...series.columns.values()];
    const [at, last] = [windows.starts[first], windows.starts[first] + 3];
    const scaled = [price, volume].map((values, i) => (values[at] - values[last]) / windows.normalization.scales[i]);
    assertAllClose(context.subarray(0, 2), scaled, { rtol: 1e-6 });
  }
});

Deno.test("windowsOf refuses sizes that leave a part without windows, and values that do not vary", async () => {
  const series = await ramp(40);
  assert.throws(
    () => windowsOf(series, { context: 8, horizon: 2 }),
    /mine: validation: expected at least 10 steps .*, got 6/,
  );
  assert.throws(() => windowsOf(series, { context: 0, horizon: 2 }), /expected context to be an integer from 1, got 0/);
  assert.throws(
    () => windowsOf(series, { context: 2, horizon: 1.5 }),
    /expected horizon to be an integer from 1, got 1\.5/,
  );
  assert.throws(() => windowsOf(series, { ...SHAPE, split: { validation: 0, test: 0.5 } }), /expected positive shares/);
  const flat = await seriesOf(businessDays(60, { price: () => 7 }));
  for (const normalization of ["standard", "anchored"] as const) {
    assert.throws(
      () => windowsOf(flat, { ...SHAPE, normalization }),
      /Cannot normalise "price": expected values that vary/,
    );
  }
  const { dataset } = windowsOf(await ramp(100), { ...SHAPE, stride: 3 });
  assert.equal(dataset.splits.train.length, 22);
});

Deno.test("windows are found again by reference, and another file or choice is another dataset", async () => {
  const { dataset } = windowsOf(await loadSeries("wti"), SHAPE);
  const reference = dataReference(dataset, { x: "context", y: "target" });
  const again = await resolveReference(JSON.parse(JSON.stringify(reference)));
  assert.deepEqual(again.columns.context.data, dataset.columns.context.data);
  assert.equal(await datasetHashHere(reference.dataset), dataset.hash);
  const other = windowsOf(await loadSeries("wti"), { ...SHAPE, normalization: "anchored" }).dataset;
  assert.notEqual(other.hash, dataset.hash);
  await assert.rejects(resolveReference({ ...reference, dataset: other.source }), /expected data with hash/);
  await withFiles(async (write) => {
    const file = write("own.csv", businessDays(80, { price: (i) => i % 7 }));
    const own = windowsOf(await loadSeries(file, { provenance: TEST_PROVENANCE }), SHAPE).dataset;
    assert.equal((await loadDataset(own.source)).hash, own.hash);
    assert.equal((await windowsBySource(own.source)).series.provenance.origin, TEST_PROVENANCE.origin);
    write("own.csv", businessDays(80, { price: (i) => i % 5 }));
    await assert.rejects(resolveReference(dataReference(own, { x: "context" })), /expected data with hash/);
  });
  assert.equal(await datasetHashHere(dataset.source.replace('"wti"', '"no-such-series"')), null);
});

Deno.test("epochs shuffle training windows among themselves only", async () => {
  const { dataset: { splits } } = windowsOf(await ramp(100), SHAPE);
  const rows = batches(splits.train, { batchSize: 16, seed: 1, epoch: 0 }).flatMap((batch) => [...batch]);
  assert.notDeepEqual(rows, [...splits.train]);
  assert.deepEqual(rows.sort((a, b) => a - b), [...splits.train]);
});
