// Against pandas, numpy and scikit-learn on data/wti: tests/golden/evaluate/forecasts.json, made by the script beside it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dataReference, gatherRows, inUnits, loadSeries, windowsOf } from "lib/data/mod.ts";
import {
  compareForecasts,
  fitLinearForecaster,
  forecastErrors,
  lastValueForecast,
  linearForecast,
  naiveScale,
  RIDGE_CANDIDATES,
} from "lib/evaluate/mod.ts";
import { reshape } from "lib/graph/mod.ts";
import { linear, meanSquaredError, model, tensor } from "lib/nn/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { adam, train } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

interface Errors {
  mae: number;
  rmse: number;
  mase: number;
  maeByStep: number[];
}

interface Golden {
  context: number;
  horizon: number;
  observations: number;
  counts: number[];
  mean: number;
  scale: number;
  anchoredScale: number;
  naiveScale: number;
  lastOrigin: string;
  naive: Errors;
  linear: (Errors & { ridge: number; coefficients: number[]; intercept: number[]; first: number[]; last: number[] })[];
}

const golden: Golden = JSON.parse(readFileSync(projectPath("tests", "golden", "evaluate", "forecasts.json"), "utf8"));
const QUICK = { seed: 1, resamples: 200 };

async function wtiWindows(normalization: "standard" | "anchored" = "standard") {
  return windowsOf(await loadSeries("wti"), { context: golden.context, horizon: golden.horizon, normalization });
}

function assertErrors(got: ReturnType<typeof forecastErrors>, expected: Errors, label: string): void {
  const values = [got.mae.value, got.rmse.value, got.mase.value, ...got.maeByStep];
  assertAllClose(values, [expected.mae, expected.rmse, expected.mase, ...expected.maeByStep], { rtol: 1e-6, label });
}

Deno.test("windows over data/wti are those of pandas", async () => {
  const windows = await wtiWindows();
  const { dataset: { splits, texts }, normalization: { means, scales } } = windows;
  assert.equal(windows.series.days.length, golden.observations);
  assert.deepEqual([splits.train.length, splits.validation.length, splits.test.length], golden.counts);
  assert.equal(texts.origin.at(-1), golden.lastOrigin);
  assertAllClose([means[0], scales[0], naiveScale(windows)], [golden.mean, golden.scale, golden.naiveScale], {
    rtol: 1e-12,
  });
  const anchored = await wtiWindows("anchored");
  assertAllClose(anchored.normalization.scales, [golden.anchoredScale], { rtol: 1e-12 });
});

Deno.test("last value and linear forecasts and their errors are those of numpy and scikit-learn", async () => {
  const windows = await wtiWindows();
  const rows = windows.dataset.splits.validation;
  const errorsOf = (forecast: Float64Array) => forecastErrors({ windows, rows, seeds: [forecast] }, QUICK);
  assertErrors(errorsOf(lastValueForecast(windows, rows)), golden.naive, "last value");
  for (const { ridge, coefficients, intercept, first, last, ...errors } of golden.linear) {
    const forecaster = fitLinearForecaster(windows, { ridge });
    assertAllClose(forecaster.weights, coefficients, { rtol: 1e-6, atol: 1e-7, label: `ridge ${ridge}` });
    assertAllClose(forecaster.intercept, intercept, { rtol: 1e-6, atol: 1e-7 });
    const forecast = linearForecast(forecaster, windows, rows);
    assertAllClose(forecast.subarray(0, golden.horizon), first, { rtol: 1e-7 });
    assertAllClose(forecast.subarray(-golden.horizon), last, { rtol: 1e-7 });
    assertErrors(errorsOf(forecast), errors, `ridge ${ridge}`);
  }
});

Deno.test("the ridge is chosen on the validation windows, and least squares leaves out what has no variance", async () => {
  const windows = await wtiWindows("anchored"); // its last known value is always 0
  const rows = windows.dataset.splits.validation;
  const error = (ridge?: number) => {
    const forecaster = fitLinearForecaster(windows, ridge === undefined ? {} : { ridge });
    assert.ok(forecaster.weights.every(Number.isFinite));
    return forecastErrors({ windows, rows, seeds: [linearForecast(forecaster, windows, rows)] }, QUICK).rmse.value;
  };
  assertAllClose([error()], [Math.min(...RIDGE_CANDIDATES.map(error))], { rtol: 1e-12 });
  assert.throws(
    () => fitLinearForecaster(windows, { ridge: -1 }),
    /expected ridge to be a number from 0 or "validation", got -1/,
  );
  const other = windowsOf(windows.series, { context: 5, horizon: golden.horizon });
  const small = fitLinearForecaster(other, { ridge: 1 });
  assert.throws(() => linearForecast(small, windows, rows), /expected windows of 5 values and 3 steps, got 16 and 3/);
});

Deno.test("forecast errors have intervals in blocks of at least the horizon, and comparisons see a worse forecast", async () => {
  const windows = await wtiWindows();
  const rows = windows.dataset.splits.validation;
  const naive = lastValueForecast(windows, rows);
  const shifted = naive.map((value) => value + 3);
  const { mae, mase } = forecastErrors({ windows, rows, seeds: [naive] }, QUICK);
  assert.ok(mae.blockLength >= golden.horizon && mae.n === rows.length);
  assert.ok(mae.interval.low < mae.value && mae.value < mae.interval.high);
  assertAllClose([mase.interval.low * golden.naiveScale], [mae.interval.low], { rtol: 1e-12 });
  const [good, bad] = [{ windows, rows, seeds: [naive] }, { windows, rows, seeds: [shifted, shifted] }];
  for (const metric of ["mae", "rmse", "mase"] as const) {
    const difference = compareForecasts(good, bad, { ...QUICK, metric });
    assert.equal(difference.verdict, "lower", metric);
    assert.ok(difference.dieboldMariano!.statistic < -2 && difference.dieboldMariano!.pValue < 0.05, metric);
  }
  const same = compareForecasts(good, good, QUICK);
  assert.deepEqual([same.verdict, same.dieboldMariano], ["no difference shown", null]);
  const two = forecastErrors({ windows, rows, seeds: [naive, shifted] }, QUICK);
  const one = (seed: Float64Array) => forecastErrors({ windows, rows, seeds: [seed] }, QUICK).mae.value;
  assertAllClose([two.mae.value], [(one(naive) + one(shifted)) / 2], { rtol: 1e-12 });
});

Deno.test("forecast errors refuse forecasts that do not fit", async () => {
  const windows = await wtiWindows();
  const rows = windows.dataset.splits.validation;
  const naive = lastValueForecast(windows, rows);
  const errors = (given: object) => () => forecastErrors({ windows, rows, seeds: [naive], ...given }, QUICK);
  assert.throws(errors({ seeds: [] }), /expected at least one seed, got none/);
  assert.throws(errors({ seeds: [naive.subarray(1)] }), /expected forecasts of \[\d+, 3\], got/);
  assert.throws(errors({ seeds: [naive.map(() => NaN)] }), /expected finite forecasts, got NaN at index 0/);
  assert.throws(errors({ rows: rows.slice().reverse() }), /expected rows in the order of time/);
  const good = { windows, rows, seeds: [naive] };
  const fewer = { windows, rows: rows.subarray(1), seeds: [naive.subarray(3)] };
  assert.throws(() => compareForecasts(good, fewer, QUICK), /expected forecasts of the same windows, got others/);
});

Deno.test("the training loop takes windows as it takes any dataset, and a trained linear layer comes close to the fitted one", async () => {
  const windows = windowsOf(await loadSeries("wti"), { context: 8, horizon: 2, stride: 4, normalization: "anchored" });
  const linearModel = model(
    "linear",
    { inputs: { context: tensor("float32", ["batch", 8, 1]) } },
    (scope, { context }) => ({
      forecast: linear(scope.child("head"), reshape(context, [-1, 8]), 2),
    }),
  );
  const { history, weights } = await train({
    model: linearModel,
    loss: ({ forecast }, { target }) => meanSquaredError(forecast, target),
    targets: { target: tensor("float32", ["batch", 2]) },
    data: dataReference(windows.dataset, { context: "context", target: "target" }),
    optimizer: adam({ learningRate: 0.01 }),
    epochs: 6,
    batchSize: 64,
    seed: 1,
    threads: 1,
  }).result;
  assert.ok(history.at(-1)!.validation.loss < history[0].validation.loss);
  const rows = windows.dataset.splits.validation;
  const session = await compile(linearModel.trace(), { threads: 1, weights });
  const context = {
    dtype: "float32" as const,
    shape: [rows.length, 8, 1],
    data: gatherRows(windows.dataset.columns.context, rows),
  };
  const { forecast } = await session.run({ context });
  await session.release();
  const trained = { windows, rows, seeds: [inUnits(windows, rows, forecast.data as Float32Array)] };
  const fitted = { windows, rows, seeds: [linearForecast(fitLinearForecaster(windows), windows, rows)] };
  const [ours, best] = [trained, fitted].map((forecasts) => forecastErrors(forecasts, QUICK).rmse.value);
  assert.ok(ours < 1.1 * best, `the trained layer is off by ${ours}, the fitted one by ${best}`);
});
