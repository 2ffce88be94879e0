import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSweepCommand, type SweepContext, sweepMain, terminalOn } from "lib/cli/mod.ts";
import { projectPath, startChild } from "lib/process/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { openStudyReader } from "lib/sweep/mod.ts";

/** A module that exports studies, which are kept beside it. A width of 5 has data that does not exist. */
const moduleText = (folder: string) => `
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { float, tpe } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { adam } from "lib/train/mod.ts";
const data = dataReference(randomDataset({ rows: 400, width: 8, seed: 1 }), { x: "embedding" });
const trial = ({ studentDim = 4, learningRate = 0.01 }) => ({
  model: lnspStudent({ inputDim: 8, studentDim, latentDim: 4 }),
  loss: ({ output }, { x }) => meanSquaredError(output, x),
  optimizer: adam({ learningRate }), data: studentDim === 5 ? { ...data, hash: "0".repeat(64) } : data,
  epochs: 1, batchSize: 32,
});
const environment = {
  checkpointsFolder: ${JSON.stringify(folder)},
  trialModule: ${JSON.stringify(projectPath("lib", "sweep", "trial_process.ts"))},
  machine: () => machineFacts(),
};
const make = (options) => createStudy({ trial, ...options }, environment);
export const sizes = make({ name: "sizes", space: { studentDim: [4, 8] } });
export const failing = make({ name: "failing", space: { studentDim: [4, 5] } });
export const rates = make({ name: "rates", space: { learningRate: float(1e-4, 0.1, { log: true }) }, sampler: tpe({ count: 2 }) });
export const width = 3;
`;

interface Setting {
  folder: string;
  module: string;
  run: (args: string[], context?: Partial<SweepContext>) => Promise<{ code: number; text: string }>;
}

async function inSetting(action: (setting: Setting) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sweep-cli-"));
  const environment = {
    checkpointsFolder: folder,
    trialModule: projectPath("lib", "sweep", "trial_process.ts"),
    machine: () => machineFacts(),
  };
  const run = async (args: string[], context: Partial<SweepContext> = {}) => {
    let text = "";
    const terminal = terminalOn((part) => text += part, { columns: () => null });
    const code = await sweepMain(args, { terminal, environment, ...context });
    return { code, text };
  };
  const module = join(folder, "studies.ts");
  writeFileSync(module, moduleText(folder));
  try {
    await action({ folder, module, run });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

Deno.test("deno task sweep runs what a module exports, lists it, exports its rows, and goes on by its name", () =>
  inSetting(async ({ folder, module, run }) => {
    const first = await run([`${module}#sizes`, "--trials", "2", "--export", join(folder, "rows.csv")]);
    assert.equal(first.code, 0);
    assert.match(first.text, /Study sizes: 2 finished; took .*\n {0,2}Best by loss \(minimize\), of 2:\n {2}key +loss/);
    assert.match(first.text, /studentDim 8\n/);
    assert.match(readFileSync(join(folder, "rows.csv"), "utf8"), /^studentDim,validation\.loss,/);
    const list = await run([]);
    assert.match(list.text, /^study +state .*\nsizes +finished +2 +2 +0 +0 +\d+\.\d MB +loss \d/);
    const again = await run(["sizes", "--export", join(folder, "rows.json")]);
    assert.match(again.text, /rows\.json: 2 rows/);
    assert.equal(JSON.parse(readFileSync(join(folder, "rows.json"), "utf8")).rows[1].attempts, 1);
  }));

Deno.test("deno task sweep tells what failed and how to run it again, and exits with 1", () =>
  inSetting(async ({ folder, module, run }) => {
    const { code, text } = await run([`${module}#failing`]);
    assert.equal(code, 1);
    assert.match(text, /Study failing: 1 finished, 1 failed/);
    const [, key] = /Failed:\n {2}([0-9a-f]{12}) {2}studentDim 5: Cannot resolve reference/.exec(text)!;
    assert.ok(text.includes(`#failing --retry ${key}\n`), text);
    assert.equal((await run(["failing", "--retry", "none"])).code, 1);
    const reader = await openStudyReader("failing", { checkpointsFolder: folder });
    const attempts = () => reader.trials().map(({ attempts }) => attempts);
    assert.deepEqual(attempts(), [1, 1]);
    await run(["failing", "--retry", "none", "--retry", key]);
    assert.deepEqual(attempts(), [1, 2]);
    const finished = reader.trials()[0].key.slice(0, 12);
    await assert.rejects(run(["failing", "--retry", finished]), /has finished; there is nothing to run again/);
    await assert.rejects(run(["failing", "--retry", "00000000"]), /but 0 begin with "00000000"/);
    reader.close();
  }));

Deno.test("an adaptive study goes on by its module only", () =>
  inSetting(async ({ module, run }) => {
    assert.match((await run([`${module}#rates`])).text, /Study rates: 2 finished/);
    await assert.rejects(run(["rates"]), {
      name: "CommandError",
      message: /its sampler tpe suggests what to try as it goes.*run its notebook, or the module/,
    });
    assert.match((await run([`${module}#rates`])).text, /Study rates: 2 finished/);
  }));

Deno.test("missing names say what there is", () =>
  inSetting(async ({ folder, module, run }) => {
    assert.match((await run([])).text, /There are no studies/);
    const cases: [string[], RegExp][] = [
      [["sizes"], /Cannot go on with study "sizes": expected one of those there are \(none\)/],
      [["Sizes/.."], /Cannot name a study/],
      [[join(folder, "none.ts")], /There is no module .*none\.ts/],
      [[module], /exports several studies \((failing|sizes|rates)[^)]*\); name one: .*#/],
      [[`${module}#width`], /exports no study "width"; the studies it exports: /],
      [["sizes", "--queue", "redis://nowhere"], /expected one of those there are|Cannot use a queue/],
    ];
    for (const [args, message] of cases) await assert.rejects(run(args), { name: "CommandError", message });
  }));

Deno.test("--queue hands the trials to the executor that the address gives, and closes it", () =>
  inSetting(async ({ folder, module, run }) => {
    const asked: unknown[] = [];
    let closed = 0;
    const queueExecutor: SweepContext["queueExecutor"] = ({ notify: _, ...options }) => {
      asked.push(options);
      return Promise.resolve({
        checkpointsAtOnce: 1,
        description: "a queue",
        admits: () => true,
        impossible: () => "no worker has such a provider",
        start: () => {
          throw new Error("not started");
        },
        close: () => Promise.resolve(void closed++),
      });
    };
    const { code, text } = await run([`${module}#sizes`, "--queue", "redis://host", "--shared", "/share"], {
      queueExecutor,
    });
    assert.deepEqual([code, closed], [1, 1]);
    assert.deepEqual(asked, [
      { url: "redis://host", study: "sizes", folder: join(folder, "sizes"), sharedFolder: "/share" },
    ]);
    assert.match(text, /studentDim 4: no worker has such a provider/);
    await assert.rejects(run([`${module}#sizes`, "--queue", "redis://host"]), /Cannot use a queue/);
  }));

Deno.test("parseSweepCommand refuses what it does not know", () => {
  assert.deepEqual(parseSweepCommand(["a", "--trials", "auto", "--retry", "all"]), {
    ...{ target: "a", trials: "auto", threads: undefined, trialDeadlineMs: undefined, memoryBudgetBytes: undefined },
    ...{ retry: "all", retryKeys: [], restart: false },
    ...{ exportFile: null, queue: null, sharedFolder: null, help: false },
  });
  const { trialDeadlineMs, memoryBudgetBytes } = parseSweepCommand(["a", "--deadline", "90.5", "--memory", "0.5"]);
  assert.deepEqual([trialDeadlineMs, memoryBudgetBytes], [90_500, 2 ** 29]);
  const cases: [string[], RegExp][] = [
    [["a", "b"], /Give one study at a time, got a b/],
    [["a", "--trials", "0"], /--trials expects an integer from 1 to 256, got "0"/],
    [["a", "--threads", "many"], /--threads expects/],
    [["a", "--retry", "sometimes"], /--retry expects recoverable, all, none or the beginning .*, got "sometimes"/],
    [["a", "--retry", "all", "--retry", "none"], /got all and none/],
    [["a", "--export", "rows.xlsx"], /ends in \.csv or \.json, got "rows\.xlsx"/],
    [["a", "--shared", "x"], /--shared goes with --queue/],
    [["a", "--queue", "redis://x", "--trials", "2"], /each worker has its own/],
    [["a", "--queue", "redis://x", "--memory", "2"], /--memory is of this machine/],
    [["a", "--deadline", "0"], /--deadline expects a number of seconds above 0, got "0"/],
    [["a", "--memory", "much"], /--memory expects a number of GiB above 0, got "much"/],
    [["--workers", "4"], /the options are --trials/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseSweepCommand(args), { name: "CommandError", message });
  }
});

Deno.test("Ctrl-C stops a sweep with the command that goes on", () =>
  inSetting(async ({ folder, module }) => {
    writeFileSync(module, moduleText(folder).replace("epochs: 1", "epochs: 5000"));
    const child = startChild({
      command: Deno.execPath(),
      args: [
        "run",
        "-A",
        "--no-check",
        "--config",
        projectPath("deno.json"),
        projectPath("lib/cli/sweep.ts"),
        `${module}#sizes`,
        "--trials",
        "1",
      ],
    });
    const reader = await untilEpoch(folder);
    Deno.kill(child.pid, "SIGINT");
    const { exitCode, stdout, stderrTail } = await child.result;
    assert.equal(exitCode, 130, stderrTail);
    assert.match(stdout, /What was done is stored; go on with: deno task sweep .*#sizes/);
    assert.deepEqual(reader.trials().map(({ state }) => state), ["interrupted", "waiting"]);
    reader.close();
  }));

async function untilEpoch(folder: string) {
  for (let i = 0; i < 600; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const reader = await openStudyReader("sizes", { checkpointsFolder: folder }).catch(() => null);
    if (reader?.trials().some(({ epochs }) => epochs > 0)) return reader;
    reader?.close();
  }
  throw new Error("the sweep has not begun");
}
