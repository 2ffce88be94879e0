import assert from "node:assert/strict";
import { float, type Observation, openStudyReader, type Sampler, seeds, tpe } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { adam } from "lib/train/mod.ts";
import { PlayedExecutor, reportLosses, type Stage } from "./played_executor.ts";
import { inFolder, testEnvironment, tinyTrial } from "./studies.ts";

/** Halves the distance to the best so far; `seen` gets what it was told. */
function halving(count: number, seen: (readonly Observation[])[] = []): Sampler {
  return {
    name: "halving",
    settings: { count },
    suggest: (_space, { observations, index }) => {
      seen.push(observations);
      if (index >= count) return null;
      const best = observations.filter(({ values }) => values !== null)
        .reduce<Observation | null>((top, one) => top === null || one.values![0] < top.values![0] ? one : top, null);
      return { rate: best === null ? 0.5 : Number(best.point.rate) / 2 + 0.001 * index };
    },
  };
}

const trial = ({ rate }: { rate: number }) => ({ ...tinyTrial(), optimizer: adam({ learningRate: rate }) });

function rateStudy(
  folder: string,
  sampler: Sampler,
  { replicas = 1, changedTrial = trial, ...options }: Record<string, unknown> & {
    replicas?: number;
    changedTrial?: (point: { rate: number }) => ReturnType<typeof trial>;
  } = {},
) {
  const space = { rate: float(1e-5, 1), seed: seeds(replicas) };
  const definition = { name: "rates", space, sampler, trial: changedTrial, ...options };
  return createStudy(definition, testEnvironment(folder));
}

const rateOf = ({ order }: Stage) => Number(order.trial.parameters.rate);
const playing = (options = {}) =>
  new PlayedExecutor((stage) => reportLosses(stage, [1, Math.abs(rateOf(stage) - 0.03)]), options);

Deno.test("an adaptive sampler is told what its suggestions came to, with means over seeds", () =>
  inFolder(async (folder) => {
    const seen: (readonly Observation[])[] = [];
    const executor = new PlayedExecutor((stage) => {
      const seed = Number(stage.order.trial.parameters.seed);
      return Promise.resolve(
        rateOf(stage) < 0.3 ? stage.failed("exited") : reportLosses(stage, [2, rateOf(stage) * seed]),
      );
    });
    const study = rateStudy(folder, halving(2, seen), { replicas: 3 });
    const totals: number[] = [];
    const rows = await study.run({ executor, failures: "return", onProgress: ({ total }) => totals.push(total) });
    assert.deepEqual(rows.map(({ rate, seed }) => [rate, seed]), [[0.5, 1], [0.5, 2], [0.5, 3]]);
    assert.deepEqual(seen.map((observations) => observations.map(({ state, values }) => [state, values])), [
      [],
      [["finished", [1]]],
      [["finished", [1]], ["failed", null]],
    ]);
    assert.deepEqual([totals[0], totals.at(-1), study.trials.length], [6, 6, 6]);
  }));

Deno.test("an adaptive study goes on after an interruption as if there had been none", () =>
  inFolder(async (folder) => {
    const whole = await rateStudy(folder, tpe({ count: 8, startup: 3 }), { name: "whole" }).run({
      executor: playing(),
    });
    assert.equal(whole.length, 8);
    const controller = new AbortController();
    const study = () => rateStudy(folder, tpe({ count: 8, startup: 3 }));
    const onProgress = ({ done }: { done: number }) => done === 5 && controller.abort(new Error("enough"));
    await assert.rejects(study().run({ executor: playing(), signal: controller.signal, onProgress }), /enough/);
    const reader = await openStudyReader("rates", { checkpointsFolder: folder });
    assert.equal(reader.summary().state, "interrupted");
    const before = await study().rows();
    assert.ok(before.length >= 5 && before.length < 8);
    const executor = playing();
    const rows = await study().run({ executor });
    assert.deepEqual(rows.map(({ rate }) => rate), whole.map(({ rate }) => rate));
    assert.deepEqual(rows.map(({ key }) => key), whole.map(({ key }) => key));
    assert.equal(executor.orders.length, 8 - before.length);
    assert.deepEqual([reader.summary().state, reader.summary().counts.finished], ["finished", 8]);
    reader.close();
    const idle = playing();
    assert.equal((await study().run({ executor: idle })).length, 8);
    assert.equal(idle.orders.length, 0);
  }));

Deno.test("an adaptive sampler is asked when there is room only, and told of what runs", () =>
  inFolder(async (folder) => {
    const seen: (readonly Observation[])[] = [];
    let index = 0;
    const sampler: Sampler = {
      ...halving(6, seen),
      suggest: (_space, given) => {
        seen.push(given.observations);
        return given.index < 6 ? { rate: 0.1 + 0.1 * index++ } : null;
      },
    };
    const executor = playing({ atOnce: 2 });
    await rateStudy(folder, sampler).run({ executor });
    assert.equal(executor.mostAtOnce, 2);
    const running = seen.map((observations) => observations.filter(({ state }) => state === "running").length);
    assert.ok(Math.max(...running) <= 1, running.join());
    assert.deepEqual(seen[1].map(({ state, values }) => [state, values]), [["running", null]]);
  }));

Deno.test("a suggestion that was made before is run once", () =>
  inFolder(async (folder) => {
    const sampler: Sampler = {
      name: "repeating",
      settings: {},
      suggest: (_space, { index }) => index < 5 ? { rate: index % 2 === 0 ? 0.1 : 0.2 } : null,
    };
    const executor = playing();
    const rows = await rateStudy(folder, sampler).run({ executor });
    assert.deepEqual(rows.map(({ rate }) => rate), [0.1, 0.2]);
    assert.equal((await rateStudy(folder, sampler).run({ executor })).length, 2);
    assert.equal(executor.orders.length, 2);
  }));

Deno.test("an adaptive study refuses to go on with another sampler, space, objective or model, unless told to start anew", () =>
  inFolder(async (folder) => {
    await rateStudy(folder, halving(3)).run({ executor: playing() });
    const changed = {
      sampler: rateStudy(folder, halving(4)),
      objectives: rateStudy(folder, halving(3), {
        objectives: [{ metric: "cosine", direction: "maximize" }],
      }),
      space: rateStudy(
        folder,
        halving(3),
        { space: { rate: float(1e-3, 1), seed: seeds(1) } } as Record<string, unknown>,
      ),
      "trial .* is defined otherwise now": rateStudy(folder, halving(3), {
        changedTrial: ({ rate }) => ({ ...tinyTrial({ studentDim: 9 }), optimizer: adam({ learningRate: rate }) }),
      }),
    };
    for (const [what, study] of Object.entries(changed)) {
      await assert.rejects(study.run({ executor: playing() }), (error: Error) => {
        const message = new RegExp(
          `^Error: Cannot run study "rates": its sampler chooses by what was tried before, but since the run of .* its ${what}.*restart`,
        );
        assert.match(String(error), message);
        return true;
      });
      assert.deepEqual([...await study.rows()], []);
    }
    const executor = playing();
    const other = Object.values(changed).at(-1)!;
    const rows = await other.run({ executor, changed: "restart" });
    assert.deepEqual([rows.length, executor.orders.length], [3, 3]);
    assert.equal((await other.strangers()).length, 3);
  }));

Deno.test("a suggestion that is no point of the space is refused with its number", () =>
  inFolder(async (folder) => {
    const suggesting = (point: unknown): Sampler => ({ name: "odd", settings: {}, suggest: () => point as never });
    const cases: [unknown, RegExp][] = [
      [7, /suggestion 1 of sampler odd: expected parameters by name, got 7/],
      [{ rate: 0.1, width: 3 }, /expected parameters of the space, got "width"/],
      [{ rate: NaN }, /expected point\.rate to be data \(JSON\), got NaN/],
    ];
    for (const [point, message] of cases) {
      await assert.rejects(rateStudy(folder, suggesting(point)).run({ executor: playing() }), message);
    }
  }));

Deno.test("samplers, pruners, objectives and keepWeights are checked where a study is defined", () => {
  const define = (options: Record<string, unknown>) => () =>
    createStudy({ name: "bad", space: { rate: [0.1, 0.2] }, trial, ...options }, testEnvironment("none"));
  const pruner = { name: "never", settings: {}, reason: () => null };
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ sampler: "tpe" }, /expected sampler to be one, such as randomSearch or tpe gives, got "tpe"/],
    [{ pruner: {} }, /expected pruner to be one/],
    [{ keepWeights: 3 }, /expected keepWeights to be "all" or "best", got number/],
    [{ objectives: {} }, /expected objectives to be a list of \{ metric, direction \}, got object/],
    [{ objectives: [] }, /expected at least one objective, got none/],
    [{ objectives: [{ metric: "loss" }] }, /objectives\[0\]\.direction to be "minimize" or "maximize", got undefined/],
    [
      { objectives: [{ metric: "recall", direction: "maximize" }] },
      /expected objectives among cosine, loss, parameterCount, trainSeconds, got "recall"/,
    ],
    [
      { objectives: [{ metric: "loss", direction: "minimize" }, { metric: "loss", direction: "maximize" }] },
      /got loss twice/,
    ],
    [
      { pruner, objectives: [{ metric: "parameterCount", direction: "minimize" }] },
      /expected the loss or a metric as first objective/,
    ],
    [{ sampler: halving(1), where: () => true }, /expected no where beside the adaptive sampler halving/],
    [{ sampler: halving(1), space: { key: [1] } }, /another name for the parameter "key"/],
    [{ sampler: halving(1), space: { seed: seeds(2) } }, /at least one parameter in the space beside seeds, got none/],
    [{ sampler: { name: "none", settings: {}, points: () => [] } }, /but sampler none gives none/],
    [{ directions: 1 }, /got "directions"/],
  ];
  for (const [options, message] of cases) assert.throws(define(options), message);
});
