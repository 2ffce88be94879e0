import assert from "node:assert/strict";
import { interpret, parameterCount } from "lib/graph/mod.ts";
import {
  forecaster,
  FORECASTER_SIZES,
  type ForecasterConfig,
  forecasterParameterCount,
  forecasterSettings,
  forecasterTrial,
  promisedParameters,
  type SeriesShape,
} from "lib/models/forecaster.ts";
import { initialValues } from "lib/nn/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { defineStudy, seeds } from "lib/sweep/mod.ts";
import { adamW, gradientNorms, traceProgram, trainProgram, withoutGradient } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";
import { sineWindows } from "./forecaster_data.ts";

const SERIES: SeriesShape[] = [
  { features: 1, context: 16, horizon: 1 },
  { features: 1, context: 64, horizon: 5 },
  { features: 8, context: 32, horizon: 20 },
];
const SMALL: ForecasterConfig = { features: 2, context: 6, horizon: 3, hiddenDim: 8, feedForwardDim: 12, heads: 2 };

Deno.test("each size has the parameters of its name within 1%, whatever the series", () => {
  for (const size of FORECASTER_SIZES) {
    for (const series of SERIES) {
      for (const cell of ["lstm", "gru"] as const) {
        const count = forecasterParameterCount(forecasterSettings(size, series, { cell }));
        const promised = promisedParameters(size);
        assert.ok(Math.abs(count / promised - 1) <= 0.01, `${size}, ${cell}: ${count} of ${promised}`);
      }
    }
  }
  assert.equal(4 * promisedParameters("full"), 45e6, "the document's 45 MB of float32");
});

Deno.test("the formula counts the traced model's parameters", () => {
  const configs: ForecasterConfig[] = [
    SMALL,
    { ...SMALL, cell: "gru", layers: 1 },
    { ...SMALL, layers: 3, features: 5, horizon: 1 },
    forecasterSettings("100k", { ...SERIES[2], context: 2 }),
    forecasterSettings("full", { ...SERIES[1], context: 2 }),
  ];
  for (const config of configs) {
    assert.equal(parameterCount(forecaster(config).trace()), forecasterParameterCount(config));
  }
});

function forecasts(config: ForecasterConfig, x: ArrayLike<number>): Float64Array {
  const { features, context } = config;
  const graph = forecaster(config).trace();
  const weights = graph.parameters.map((leaf) => [leaf.source.name, { data: initialValues(leaf, 1) }] as const);
  const shape = [x.length / features / context, context, features];
  return interpret(graph, { ...Object.fromEntries(weights), x: { data: x, shape } }).output.data;
}

const rows = (count: number, { features, context }: SeriesShape) =>
  random("forecaster").fillNormal(new Float64Array(count * context * features), 0, 1);

Deno.test("a forecast is a row for each window, and depends on no other window", () => {
  const x = rows(3, SMALL);
  const together = forecasts(SMALL, x);
  assert.equal(together.length, 3 * SMALL.horizon);
  assertAllClose(together.slice(SMALL.horizon, 2 * SMALL.horizon), forecasts(SMALL, x.slice(12, 24)), { rtol: 1e-12 });
});

Deno.test("every step of the context counts, also through the attention alone", () => {
  const x = rows(1, SMALL);
  const before = forecasts(SMALL, x);
  for (let step = 0; step < SMALL.context; step++) {
    const changed = x.map((value, i) => (Math.floor(i / SMALL.features) === step ? value + 1 : value));
    assert.notDeepEqual(forecasts(SMALL, changed), before, `step ${step}`);
  }
});

Deno.test("every parameter of the forecaster has a gradient", () => {
  for (const cell of ["lstm", "gru"] as const) {
    const x = rows(4, SMALL);
    const y = random("targets").fillNormal(new Float64Array(4 * SMALL.horizon), 0, 1);
    const batch = {
      x: { data: x, shape: [4, SMALL.context, SMALL.features] },
      y: { data: y, shape: [4, SMALL.horizon] },
    };
    const norms = gradientNorms(traceProgram(forecasterTrial({ ...SMALL, cell })), batch);
    assert.deepEqual(withoutGradient(norms), []);
  }
});

Deno.test("the loop trains it: the validation loss of a periodic series falls to a fifth", async () => {
  const config = { ...SMALL, features: 1, context: 12 };
  const { model, targets, loss, metrics, ...settings } = forecasterTrial(config);
  const program = traceProgram({ model, targets, loss, metrics });
  const { history } = await trainProgram(program, sineWindows(config), {
    settings: { ...settings, optimizer: adamW({ learningRate: 1e-2 }), epochs: 12, batchSize: 10, seed: 1, threads: 1 },
  }).result;
  const [first, last] = [history[0], history.at(-1)!];
  assert.ok(last.validation.loss < 0.2 * first.validation.loss, `${first.validation.loss} to ${last.validation.loss}`);
  assertAllClose([last.validation.squaredError], [last.validation.loss], { rtol: 1e-5 });
  assert.ok(last.validation.absoluteError > 0);
});

Deno.test("sizes are an axis of a study", () => {
  const series = { features: 1, context: 8, horizon: 2 };
  const data = sineWindows(series);
  const study = defineStudy({
    name: "forecaster-sizes",
    space: { size: [...FORECASTER_SIZES], seed: seeds(2) },
    trial: ({ size }) => ({
      ...forecasterTrial(forecasterSettings(size, series)),
      optimizer: adamW({ learningRate: 1e-3 }),
      data,
    }),
  });
  assert.equal(study.trials.length, 8);
  const counts = study.trials.map((trial) => Math.round(trial.parameterCount / 1e5) / 10);
  assert.deepEqual([...new Set(counts)], [0.1, 1, 10, 11.3]);
});

Deno.test("the forecaster refuses what it cannot be built of", () => {
  assert.throws(() => forecaster({ ...SMALL, context: 0 }), /expected context to be an integer of at least 1, got 0/);
  assert.throws(() => forecaster({ ...SMALL, layers: 1.5 }), /expected layers .* got 1.5/);
  assert.throws(() => forecaster({ ...SMALL, heads: 3 }).trace(), /expected a number of heads that divides 8, got 3/);
  assert.throws(() => forecaster({ ...SMALL, cell: "rnn" as "gru" }), /expected a cell of lstm, gru, got rnn/);
  assert.throws(() => forecasterSettings("2m" as "1m", SERIES[0]), /expected a size of 100k, 1m, 10m, full, got 2m/);
  assert.throws(
    () => forecasterSettings("100k", { features: 200, context: 4, horizon: 1 }),
    /expected 100000 parameters to hold 200 features and a horizon of 1/,
  );
});
