import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { lnspStudent } from "lib/models/lnsp.ts";
import { meanSquaredError } from "lib/nn/mod.ts";
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { adam } from "lib/train/mod.ts";
import { defineStudy } from "lib/sweep/mod.ts";
import { attemptEnd, type AttemptFacts } from "lib/sweep/pool/attempt_end.ts";
import { defaultMemoryBudgetBytes, MemoryPredictor } from "lib/sweep/pool/memory_budget.ts";
import {
  availableMemoryBytes,
  memoryKill,
  MemoryWatch,
  oomKills,
  parseAvailable,
  parseVmStat,
} from "lib/sweep/pool/system_memory.ts";
import type { MachineReader } from "lib/runtime/mod.ts";
import { attempt, testPool, withPool } from "./pools.ts";
import { createStudy } from "lib/sweep/study.ts";
import { inFolder, scriptedStudy, testEnvironment, tinyTrial } from "./studies.ts";

const GIB = 2 ** 30;

/** A machine whose files are these. */
function readerOf(files: Record<string, string>, { platform = "linux", vmStat = "" } = {}): MachineReader {
  return {
    platform,
    arch: "x64",
    release: "6.1",
    logicalCores: 2,
    memoryBytes: 16 * GIB,
    engineVersions: {},
    read: (path) => files[path] ?? null,
    list: () => [],
    run: (program) => (program === "vm_stat" ? vmStat : null),
    packageVersion: () => null,
  };
}

const MEMINFO = "MemTotal:       16777216 kB\nMemFree:          100000 kB\nMemAvailable:    8388608 kB\n";
const VM_STAT = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10000.
Pages active:                            300000.
Pages inactive:                           20000.
Pages speculative:                         3000.
Pages throttled:                              0.
Pages wired down:                        100000.
Pages purgeable:                           2000.
`;

Deno.test("available memory is what Linux, a cgroup or macOS tells", () => {
  assert.equal(parseAvailable(MEMINFO), 8 * GIB);
  assert.equal(parseAvailable("MemTotal: 1 kB"), null);
  assert.equal(parseVmStat(VM_STAT), 35000 * 16384);
  assert.equal(parseVmStat("something else"), null);
  assert.equal(availableMemoryBytes(readerOf({ "/proc/meminfo": MEMINFO })), 8 * GIB);
  const inCgroup = {
    "/proc/meminfo": MEMINFO,
    "/sys/fs/cgroup/memory.max": `${4 * GIB}\n`,
    "/sys/fs/cgroup/memory.current": `${3 * GIB}\n`,
    "/sys/fs/cgroup/memory.stat": `anon 5\ninactive_file ${GIB / 2}\n`,
  };
  assert.equal(availableMemoryBytes(readerOf(inCgroup)), 1.5 * GIB);
  assert.equal(
    availableMemoryBytes(readerOf({ ...inCgroup, "/sys/fs/cgroup/memory.max": "max\n" })),
    8 * GIB,
  );
  assert.equal(availableMemoryBytes(readerOf({}, { platform: "darwin", vmStat: VM_STAT })), 35000 * 16384);
  assert.equal(availableMemoryBytes(readerOf({}, { platform: "darwin" })), 8 * GIB); // half, when nothing is told
  assert.equal(defaultMemoryBudgetBytes(readerOf({ "/proc/meminfo": MEMINFO })), Math.round(8 * GIB * 0.85));
});

Deno.test("a kill is for want of memory when the system counted it, had none left, or the process held most of it", () => {
  const none = {
    oomKillsBefore: 2,
    oomKillsAfter: 2,
    availableBytes: 4 * GIB,
    totalBytes: 16 * GIB,
    rssBytes: GIB,
  };
  assert.equal(memoryKill(none), null);
  assert.equal(memoryKill({ ...none, oomKillsBefore: null, oomKillsAfter: null }), null);
  assert.match(memoryKill({ ...none, oomKillsAfter: 3 })!, /by the system for want of memory; it held 1.0 GiB/);
  assert.match(memoryKill({ ...none, availableBytes: 200 * 2 ** 20 })!, /had 200 MiB of memory left/);
  assert.match(memoryKill({ ...none, rssBytes: 12 * GIB })!, /held 12.0 GiB of the machine's 16.0 GiB/);
  const files: Record<string, string> = { "/proc/meminfo": MEMINFO, "/proc/vmstat": "pgfault 5\noom_kill 1\n" };
  assert.equal(oomKills(readerOf(files)), 1);
  assert.equal(oomKills(readerOf({})), null);
  const watch = new MemoryWatch(readerOf(files));
  assert.equal(watch.killReason(GIB), null);
  files["/proc/vmstat"] = "pgfault 5\noom_kill 2\n";
  assert.match(watch.killReason(GIB)!, /^was killed by the system/);
  assert.equal(watch.killReason(GIB), null); // each is counted once
});

const facts: AttemptFacts = {
  last: null,
  exit: null,
  verdict: null,
  stop: null,
  memory: null,
  stderrTail: "",
  seconds: 1,
  peakRssBytes: 5,
};
const exit = {
  exitCode: null,
  signal: null,
  reason: "signal",
  stdout: "",
  stderrTail: "",
  peakRssBytes: 1,
  durationMs: 1,
};

Deno.test("attempts that end for want of memory or disk say so", () => {
  const error = (message: string) => attemptEnd({ ...facts, last: { type: "error", name: "Error", message } });
  for (
    const message of [
      "std::bad_alloc",
      "Array buffer allocation failed",
      "WebAssembly.Memory(): could not allocate memory",
      "Cannot allocate memory (os error 12)",
    ]
  ) assert.equal(error(message).outcome, "memory", message);
  const full = error("ENOSPC: no space left on device, write");
  assert.deepEqual([full.outcome, /^found no room on the disk/.test(full.message!)], ["threw", true]);
  assert.equal(error("expected 3").outcome, "threw");
  const killed = { ...exit, signal: "SIGKILL" } as AttemptFacts["exit"];
  assert.equal(attemptEnd({ ...facts, exit: killed }).outcome, "killed");
  const known = attemptEnd({ ...facts, exit: killed, memory: "was killed by the system for want of memory" });
  assert.deepEqual([known.outcome, known.message], ["memory", "was killed by the system for want of memory"]);
  const heap = { ...exit, reason: "exit", exitCode: 133 } as AttemptFacts["exit"];
  const v8 = "Fatal JavaScript out of memory: Reached heap limit";
  assert.equal(attemptEnd({ ...facts, exit: heap, stderrTail: v8 }).outcome, "memory");
  assert.equal(attemptEnd({ ...facts, exit: heap }).outcome, "exited");
  assert.equal(attemptEnd({ ...facts, exit: { ...exit, reason: "memory" } as AttemptFacts["exit"] }).outcome, "memory");
});

const sizes = defineStudy({
  name: "sizes",
  space: { studentDim: [256, 8192] },
  trial: ({ studentDim }) => ({
    model: lnspStudent({ studentDim }),
    loss: ({ output }, { x }) => meanSquaredError(output, x),
    optimizer: adam({ learningRate: 1e-3 }),
    data: dataReference(randomDataset({ rows: 600, width: 384, seed: 1 }), { x: "embedding" }),
    epochs: 1,
    batchSize: 256,
  }),
}).trials;

Deno.test("four students of 256 fit where one of 8192 does not", () => {
  const [small, large] = sizes;
  const predictor = new MemoryPredictor();
  const [few, many] = sizes.map((trial) => predictor.predict(trial).bytes);
  // Parameters, gradients, two moments, the best copy and the copy of the gradients: 6 x 4 bytes.
  assert.ok(many > 24 * large.parameterCount + few / 2 && few < 512 * 2 ** 20, `${few} ${many}`);
  predictor.notePeak(small, 700 * 2 ** 20);
  assert.equal(predictor.predict(small).bytes, 700 * 2 ** 20);
  const pool = testPool({ trials: 4, memoryBudgetBytes: 1.5 * few });
  assert.equal(pool.impossible(small), null);
  assert.match(
    pool.impossible(large)!,
    /^needs about [\d.]+ (GiB|MiB) of memory \(.* for training, .* for its process and data\), but the sweep may use \d+ MiB; /,
  );
});

Deno.test("trials run beside each other only within the budget, and in more threads when few fit", () =>
  inFolder(async (folder) => {
    const [small, large] = sizes;
    const { bytes } = new MemoryPredictor().predict(large);
    await withPool({ trials: 2, memoryBudgetBytes: bytes * 1.05 }, async (pool) => {
      const first = attempt(pool, { ...large, key: "f".repeat(64) }, { folder });
      assert.equal(pool.admits(small, { alone: false }), false);
      const { end, told } = await first;
      assert.equal(end.outcome, "finished", end.message ?? "");
      assert.ok(end.peakRssBytes! <= bytes * 1.05, `${end.peakRssBytes} of ${bytes}`);
      assert.ok(told.threads[0] >= 1);
    });
  }));

Deno.test("a trial that passes the budget is ended with outcome memory, and the next one has a new process", () =>
  inFolder(async (folder) => {
    await withPool({ process: "hungry_trial", memoryBudgetBytes: 700 * 2 ** 20 }, async (pool) => {
      const [trial] = scriptedStudy(folder, 1).trials;
      const { end } = await attempt(pool, trial, { folder: join(folder, "a") });
      assert.equal(end.outcome, "memory", end.message ?? "");
      assert.match(end.message!, /more memory than the sweep may use|because the sweep took/);
    });
  }));

Deno.test("what is far above its prediction is told", () =>
  inFolder(async (folder) => {
    const notes: string[] = [];
    const options = { process: "boasting_trial", onNote: (note: string) => notes.push(note) };
    await withPool(options, async (pool) => {
      const [trial] = defineStudy({ name: "boast", space: { a: [1] }, trial: () => tinyTrial() }).trials;
      assert.equal((await attempt(pool, trial, { folder })).end.outcome, "finished");
    });
    assert.equal(notes.length, 1);
    assert.match(notes[0], /^Trial \{"a":1\} took 3.0 GiB of memory; \d+ MiB were expected$/);
  }));

Deno.test("a trial that could never fit fails with both numbers, and is not started", () =>
  inFolder(async (folder) => {
    const environment = testEnvironment(folder);
    const study = createStudy({ name: "huge", space: { studentDim: [4] }, trial: tinyTrial }, environment);
    const { failures } = await study.run({ memoryBudgetBytes: 2 ** 24, failures: "return" });
    assert.deepEqual(failures.map(({ kind }) => kind), ["memory"]);
    assert.match(failures[0].message, /^needs about \d+ MiB of memory .*, but the sweep may use 16 MiB; /);
  }));

/** Mounts a file system in memory; false where that is not permitted. */
function mountTiny(folder: string): boolean {
  if (Deno.build.os !== "linux") return false;
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).status === 0;
}

Deno.test("a full disk is told as such, and the trial goes on when there is room", () =>
  inFolder(async (folder) => {
    const full = join(folder, "full");
    mkdirSync(full);
    if (!mountTiny(full)) return; // the sentence is tested above
    try {
      await withPool({}, async (pool) => {
        const { end } = await attempt(pool, sizes[0], { folder: full });
        assert.equal(end.outcome, "threw", end.message ?? "");
        assert.match(
          end.message!,
          /^found no room on the disk \(.*(ENOSPC|No space left|no space left).*\); free some/,
        );
        assert.equal((await attempt(pool, sizes[0], { folder })).end.outcome, "finished");
      });
    } finally {
      spawnSync("umount", [full]);
    }
  }));
