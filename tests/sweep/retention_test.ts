import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { int, openStudyReader, type Sampler } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { PlayedExecutor, reportLosses } from "./played_executor.ts";
import { aboveHalf, finishing, pointOf, widthStudy } from "./played_studies.ts";
import { inFolder, testEnvironment, tinyTrial } from "./studies.ts";

Deno.test("the best three and the pinned keep their weights", () =>
  inFolder(async (folder) => {
    const executor = () =>
      new PlayedExecutor(async (stage) => {
        mkdirSync(stage.order.checkpointDir, { recursive: true });
        writeFileSync(join(stage.order.checkpointDir, "weights"), "x".repeat(100));
        if (pointOf(stage).studentDim === 1) {
          const reader = await openStudyReader("played", { checkpointsFolder: folder });
          reader.request("pin", stage.order.trial.key);
          reader.close();
        }
        return await finishing(stage);
      });
    const study = widthStudy(folder, { widths: 6, keepWeights: "best" });
    const rows = await study.run({ executor: executor() });
    const kept = [true, false, false, true, true, true]; // the loss falls with the width; the first is pinned
    assert.deepEqual(rows.map(({ weightsKept }) => weightsKept), kept);
    assert.deepEqual(study.trials.map(({ key }) => existsSync(join(folder, "played", key))), kept);
    const reader = await openStudyReader("played", { checkpointsFolder: folder });
    assert.deepEqual(reader.trials().map(({ checkpoint, pinned }) => [checkpoint !== null, pinned]), [
      ...kept.map((is, i) => [is, i === 0]),
    ]);
    reader.request("unpin", study.trials[0].key);
    reader.close();
    assert.deepEqual((await study.run({ executor: executor() })).map(({ weightsKept }) => weightsKept), [
      ...[false, false, false, true, true, true],
    ]);
  }));

Deno.test("a plain grid keeps all weights, and what was pruned leaves no checkpoint", () =>
  inFolder(async (folder) => {
    const executor = new PlayedExecutor(async (stage) => {
      mkdirSync(stage.order.checkpointDir, { recursive: true });
      writeFileSync(join(stage.order.checkpointDir, "weights"), "x");
      return await reportLosses(stage, [pointOf(stage).studentDim / 10, 0.1]);
    });
    const rows = await widthStudy(folder, { widths: 5 }).run({ executor });
    assert.deepEqual(rows.map(({ weightsKept }) => weightsKept), [true, true, true, true, true]);
    const pruning = widthStudy(folder, { name: "pruning", widths: 6, pruner: aboveHalf, keepWeights: "all" });
    await pruning.run({ executor });
    assert.deepEqual(pruning.trials.map(({ key }) => existsSync(join(folder, "pruning", key))), [
      ...[true, true, true, true, true, false],
    ]);
  }));

Deno.test("a run for which the disk has no room is refused with what it needs", () =>
  inFolder(async (folder) => {
    const environment = { ...testEnvironment(folder), freeDiskBytes: () => Promise.resolve(5e6) };
    const trial = ({ studentDim }: { studentDim: number }) => tinyTrial({ studentDim });
    const study = createStudy({ name: "large", space: { studentDim: [4, 20_000] }, trial }, environment);
    const executor = new PlayedExecutor(finishing);
    await assert.rejects(
      study.run({ executor }),
      /Cannot run study "large": expected \d+\.\d MB of free disk for its checkpoints, got 5\.0 MB; free some/,
    );
    assert.equal(executor.orders.length, 0);
  }));

Deno.test("the disk is asked for as many trials as the executor runs at once", () =>
  inFolder(async (folder) => {
    const trial = ({ studentDim }: { studentDim: number }) => tinyTrial({ studentDim });
    const neededAt = async (atOnce: number) => {
      const environment = { ...testEnvironment(folder), freeDiskBytes: () => Promise.resolve(1) };
      const study = createStudy(
        { name: `many-${atOnce}`, space: { studentDim: [20_000, 20_001] }, trial },
        environment,
      );
      const refused = await study.run({ executor: new PlayedExecutor(finishing, { atOnce }) })
        .catch((error: Error) => error.message);
      return [Number(/expected ([\d.]+) MB/.exec(String(refused))![1]), study.trials[0].parameterCount];
    };
    const [[one, parameterCount], [two]] = [await neededAt(1), await neededAt(2)];
    const state = 2 * 4 * 4 * parameterCount / 1e6; // the state of a second trial, while it is replaced
    assert.ok(Math.abs(two - one - state) < 0.2, `${one} ${two} ${state}`);
  }));

Deno.test("the disk is asked for what an adaptive sampler has yet to suggest, as soon as one trial is known", () =>
  inFolder(async (folder) => {
    const asked: number[] = [];
    const study = (free: number, widths: number[]) => {
      const sampler = {
        name: "listed",
        settings: { count: widths.length },
        suggest: (_: unknown, { index }: { index: number }) =>
          index < widths.length ? { studentDim: widths[index] } : null,
      } as unknown as Sampler;
      const freeDiskBytes = () => {
        asked.push(free);
        return Promise.resolve(free);
      };
      const trial = ({ studentDim }: { studentDim: number }) => tinyTrial({ studentDim });
      const options = { name: `listed-${widths.length}`, space: { studentDim: int(4, 30_000) }, sampler, trial };
      return createStudy({ ...options, keepWeights: "all" }, { ...testEnvironment(folder), freeDiskBytes });
    };
    const executor = new PlayedExecutor(finishing);
    // One of these takes 16 MB at the most; all five keep 1.8 MB each.
    const five = [20_000, 19_000, 18_000, 17_000, 16_000];
    await assert.rejects(study(26e6, five).run({ executor }), /expected 3\d\.\d MB of free disk .* got 26\.0 MB/);
    assert.deepEqual([executor.orders.length, asked.length], [0, 1]);
    assert.equal((await study(40e6, five).run({ executor })).length, 5);
    assert.equal(asked.length, 2); // the first one was the largest
    await assert.rejects(study(11e6, [4, 20_000]).run({ executor }), /got 11\.0 MB/);
    assert.equal(executor.orders.length, 6); // the small one was run
    assert.equal((await study(40e6, [4, 20_000]).run({ executor })).length, 2);
  }));
