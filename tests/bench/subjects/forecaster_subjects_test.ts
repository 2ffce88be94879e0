// Subjects of notebook 04: each passes its own check and is measured; what is wrong is refused.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bench, type ModuleSubject, type OpenedSubject } from "lib/bench/mod.ts";
import type { OpenOptions } from "lib/bench/harness/open_subject.ts";
import { forecasterStage, open as openStage, TRAINING_PARTS } from "lib/bench/subjects/forecaster_stage.ts";
import { type ForecasterStep, forecasterStep, open as openStep } from "lib/bench/subjects/forecaster_step.ts";
import { measureLoaderUse, open as openLoader, seriesLoader } from "lib/bench/subjects/series_loader.ts";
import { readWindows, writeWindows } from "lib/bench/subjects/window_files.ts";
import { type Column, loadSeries, windowLoader, windowsOf } from "lib/data/mod.ts";
import { random } from "lib/statistics/mod.ts";

const config = { features: 1, context: 6, horizon: 2, hiddenDim: 8, feedForwardDim: 8, heads: 2 };
const SHORT = { limits: { minMs: 1, minCount: 3 }, warmUpMs: 1 } as const;

function column(name: string, shape: number[]): Column {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { dtype: "float32", shape, data: random(1, "windows", name).fillUniform(new Float32Array(size), -1, 1) };
}

async function withWindows<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-windows-"));
  try {
    await writeWindows(folder, { x: column("x", [40, config.context, 1]), y: column("y", [40, config.horizon]) });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Open = (options: never, how: OpenOptions) => Promise<OpenedSubject>;

/** Opens a subject here instead of in a process of its own, which is what takes time. */
async function isRight({ options }: ModuleSubject, open: Open): Promise<void> {
  const opened = await open(options as never, { provider: { name: "cpu" }, threads: 1, outputs: "bound" });
  for (let i = 0; i < 3; i++) await opened.call();
  const { relativeError, bound, elements } = await opened.check!();
  await opened.release!();
  assert.ok(relativeError <= bound && elements > 0, `${relativeError}`);
}

Deno.test("windows are read as they were written, and refused where x and y differ in number", async () => {
  await withWindows((folder) => {
    const { x, y } = readWindows(folder);
    assert.deepEqual(x, column("x", [40, config.context, 1]));
    assert.deepEqual(y.shape, [40, config.horizon]);
    return Promise.resolve();
  });
  const [x, y] = [column("x", [2, 6, 1]), column("y", [3, 2])];
  await assert.rejects(writeWindows(tmpdir(), { x, y }), /as many x as y, got 2 and 3/);
});

const step: Omit<ForecasterStep, "windows"> = {
  config,
  batchSize: 4,
  accumulationSteps: 2,
  maxGradientNorm: 1,
  optimizer: "adamW",
  segments: 1,
};
const variants: Partial<ForecasterStep>[] = [{}, { optimizer: "adam8bit", segments: 2 }];
for (const changes of variants) {
  Deno.test(`an update of the forecaster lowers its loss as it should: ${JSON.stringify(changes)}`, async () => {
    await withWindows(async (windows) => {
      const subject = forecasterStep({ ...step, ...changes, windows });
      assert.match(subject.name, /update of 2 x 4/);
      await isRight(subject, openStep as Open);
    });
  });
}

for (const part of TRAINING_PARTS) {
  Deno.test(`the part ${part} of an iteration computes what a step does`, async () => {
    await withWindows((windows) =>
      isRight(forecasterStage({ part, config, batchSize: 4, maxGradientNorm: 1, windows }), openStage as Open)
    );
  });
}

const loading = { context: 8, horizon: 2 };
for (const [workers, persistent, takes] of [[0, true, "next"], [1, false, "first"], [2, true, "next"]] as const) {
  Deno.test(`a loader with ${workers} workers gives what is in memory, taking the ${takes} batch`, async () => {
    const { source } = await loadSeries("wti");
    await isRight(
      seriesLoader({ series: source, windows: loading, batchSize: 16, workers, persistent, takes }),
      openLoader as Open,
    );
  });
}

Deno.test("what a loader takes of the processor is measured over the asked time", async () => {
  const loader = windowLoader(windowsOf(await loadSeries("wti"), loading), { batchSize: 16, dropLast: true });
  const { batches, elapsedMs, coresUsed } = await measureLoaderUse(loader, { leastMs: 30 });
  assert.ok(batches > 0 && elapsedMs >= 30 && coresUsed > 0);
  await assert.rejects(measureLoaderUse(loader, { leastMs: 0 }), /positive time, got 0/);
  await loader.close();
});

Deno.test("an update is measured in a process of its own, with its memory, and not on what computes no gradients", async () => {
  await withWindows(async (windows) => {
    const subject = forecasterStep({ ...step, windows });
    const { outcome, reasons, runs, correctness } = await bench({
      subject,
      provider: { name: "cpu" },
      batchSize: 8,
      ...SHORT,
    });
    assert.equal(outcome, "measured", reasons.join());
    assert.ok(runs[0].peakBytes > 0 && correctness!.reference === "a loss that falls");
    const how = { provider: { name: "coreml" }, threads: 1, outputs: "bound" } as const;
    await assert.rejects(openStep(subject.options as never, how), /Cannot train with coreml/);
  });
});
