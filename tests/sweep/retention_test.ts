import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStudyReader } from "lib/sweep/mod.ts";
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
