import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeStudy, studySizes } from "lib/sweep/mod.ts";
import { endlessStudy, inFolder, scriptedStudy } from "./studies.ts";

Deno.test("studySizes lists studies with their bytes and trials, damaged ones too", () =>
  inFolder(async (checkpointsFolder) => {
    assert.deepEqual(await studySizes({ checkpointsFolder: join(checkpointsFolder, "none") }), []);
    await scriptedStudy(checkpointsFolder, 2).run({ failures: "return" });
    mkdirSync(join(checkpointsFolder, "damaged"));
    mkdirSync(join(checkpointsFolder, "no-study"));
    writeFileSync(join(checkpointsFolder, "damaged", "study.sqlite"), "x".repeat(5000));
    writeFileSync(join(checkpointsFolder, "README.md"), "");
    const [damaged, scripted, ...others] = await studySizes({ checkpointsFolder });
    assert.deepEqual(damaged, { name: "damaged", bytes: 5000, trials: null, finished: null });
    assert.deepEqual([scripted.name, scripted.trials, scripted.finished, others], ["scripted", 3, 2, []]);
    assert.ok(scripted.bytes > 40_000);
  }));

Deno.test("removeStudy removes one study and tells the bytes", () =>
  inFolder(async (checkpointsFolder) => {
    await scriptedStudy(checkpointsFolder, 1).run();
    await assert.rejects(removeStudy("other", { checkpointsFolder }), /one of those there are \(scripted\)/);
    await assert.rejects(removeStudy("../scripted", { checkpointsFolder }), /Cannot name a study/);
    assert.ok(await removeStudy("scripted", { checkpointsFolder }) > 0);
    assert.ok(!existsSync(join(checkpointsFolder, "scripted")));
    assert.deepEqual(await scriptedStudy(checkpointsFolder, 1).rows(), []);
  }));

Deno.test("removeStudy refuses a study that is being run", () =>
  inFolder(async (checkpointsFolder) => {
    const controller = new AbortController();
    const run = endlessStudy(checkpointsFolder).run({ signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await assert.rejects(removeStudy("long", { checkpointsFolder }), /Cannot remove study "long": it is being run/);
    controller.abort();
    await assert.rejects(run);
    await removeStudy("long", { checkpointsFolder });
  }));
