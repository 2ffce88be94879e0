import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { AwakeClock } from "lib/sweep/pool/awake_clock.ts";
import { measureMixes } from "lib/sweep/pool/measure_mix.ts";
import { chooseMix, currentMixes, fastest, type Mix, mixesToTry, rememberedMixes } from "lib/sweep/pool/mix.ts";
import { overnightNotices, stayAwake, wakefulProgram } from "lib/sweep/overnight.ts";
import { inFolder, machine as oneCore } from "./studies.ts";

const machine = { ...oneCore, physicalCores: 8, logicalCores: 16 };
const trialModule = projectPath("lib", "sweep", "trial_process.ts");

Deno.test("mixes share all cores, also the fast ones alone", () => {
  const tried = (changes: object) =>
    mixesToTry({ ...machine, ...changes }).map(({ trials, threads }) => [trials, threads]);
  assert.deepEqual(tried({}), [[1, 8], [2, 4], [4, 2], [8, 1]]);
  assert.deepEqual(tried({ physicalCores: null, logicalCores: 2 }), [[1, 2], [2, 1]]);
  assert.deepEqual(tried({ physicalCores: 10, performanceCores: 6, efficiencyCores: 4 }), [
    [1, 10],
    [2, 5],
    [4, 2],
    [6, 1],
    [8, 1],
    [10, 1],
  ]);
});

Deno.test("the fastest mix is taken, or one with fewer trials that is nearly as fast", () => {
  const mixes = (rates: number[]) =>
    rates.map((stepsPerSecond, i) => ({ trials: i + 1, threads: 4 - i, stepsPerSecond }));
  assert.deepEqual(fastest(mixes([50, 98, 100])), { trials: 2, threads: 3 });
  assert.deepEqual(fastest(mixes([50, 90, 100])), { trials: 3, threads: 2 });
});

Deno.test("what is asked for is taken, and the rest shared", async () => {
  const never = () => Promise.reject(new Error("not to be measured"));
  const choose = (trials: number | null, threads: number | null, trialCount = 100) =>
    chooseMix({ trials, threads, trialCount, machine, trialModule, measure: never });
  assert.deepEqual(await choose(2, null), { trials: 2, threads: 4 });
  assert.deepEqual(await choose(3, null), { trials: 3, threads: 2 });
  assert.deepEqual(await choose(20, null), { trials: 20, threads: 1 });
  assert.deepEqual(await choose(null, 3), { trials: 2, threads: 3 });
  assert.deepEqual(await choose(null, 0), { trials: 1, threads: 8 });
  assert.deepEqual(await choose(5, 7), { trials: 5, threads: 7 });
  // Too few trials to measure for; they share the cores.
  assert.deepEqual(await choose(null, null, 2), { trials: 2, threads: 4 });
});

Deno.test("a mix is measured once a machine and version, and a failed or damaged measurement is no failure", () =>
  inFolder(async (folder) => {
    const cacheFile = join(folder, "deep", "mix.json");
    let measurements = 0;
    const notes: string[] = [];
    const choose = (changes: object = {}, rates = [1, 5, 3, 2]) =>
      chooseMix({
        trials: null,
        threads: null,
        busyShare: () => Promise.resolve(0.1),
        trialCount: 40,
        machine: { ...machine, ...changes },
        trialModule,
        cacheFile,
        onNote: (note) => notes.push(note),
        measure: (mixes: readonly Mix[]) => {
          measurements++;
          if (rates.length === 0) return Promise.reject(new Error("no process could be started"));
          return Promise.resolve(mixes.map((mix, i) => ({ ...mix, stepsPerSecond: rates[i] })));
        },
      });
    assert.deepEqual(await choose({ versions: { deno: "9" } }, []), { trials: 8, threads: 1 });
    assert.match(notes.at(-1)!, /Could not measure it \(no process could be started\)/);
    assert.ok(!existsSync(cacheFile));
    assert.deepEqual(await choose(), { trials: 2, threads: 4 });
    assert.deepEqual(await choose(), { trials: 2, threads: 4 });
    assert.equal(measurements, 2);
    assert.deepEqual(await choose({ versions: { deno: "9" } }, [1, 2, 3, 9]), { trials: 8, threads: 1 });
    assert.deepEqual(await choose(), { trials: 2, threads: 4 });
    assert.equal(measurements, 3);
    writeFileSync(cacheFile, "{");
    assert.deepEqual(await choose({}, [9, 1, 1, 1]), { trials: 1, threads: 8 });
    assert.equal(measurements, 4);
  }));

Deno.test("what was measured on a busy machine is measured again on one that is less so", () =>
  inFolder(async (folder) => {
    const cacheFile = join(folder, "mix.json");
    const notes: string[] = [];
    let measurements = 0;
    const choose = async (busy: number, rates: number[], trialCount = 40) => {
      const options = { trials: null, threads: null, trialCount, machine, trialModule, cacheFile };
      const { trials } = await chooseMix({
        ...options,
        busyShare: () => Promise.resolve(busy),
        onNote: (note) => notes.push(note),
        measure: (mixes) => {
          measurements++;
          return Promise.resolve(mixes.map((mix, i) => ({ ...mix, stepsPerSecond: rates[i] })));
        },
      });
      return [trials, measurements];
    };
    assert.deepEqual(await choose(0.6, [9, 1, 1, 1]), [1, 1]);
    assert.match(notes.at(-1)!, /60% busy with something else: it is measured again/);
    assert.equal(rememberedMixes(machine, cacheFile)!.busy, true);
    assert.deepEqual(await choose(0.55, [1, 9, 1, 1]), [1, 1]); // no quieter
    assert.deepEqual(await choose(0.1, [1, 9, 1, 1], 3), [1, 1]); // too few trials to measure for
    assert.deepEqual(await choose(0.3, [1, 9, 1, 1]), [2, 2]);
    assert.deepEqual(await choose(0.1, [1, 1, 9, 1]), [4, 3]);
    assert.deepEqual(await choose(0, [1, 1, 1, 9]), [4, 3]);
    writeFileSync(cacheFile, readFileSync(cacheFile, "utf8").replace(/"busyShare": [\d.]+,/, "")); // as older versions wrote it
    assert.deepEqual(await choose(0.2, [1, 1, 1, 9]), [8, 4]);
  }));

Deno.test("currentMixes measures what is not known, once, and says nothing of a machine with one core", () =>
  inFolder(async (folder) => {
    let measurements = 0;
    const question = {
      trialModule,
      cacheFile: join(folder, "mix.json"),
      busyShare: () => Promise.resolve(0),
      measure: (mixes: readonly Mix[]) => {
        measurements++;
        return Promise.resolve(mixes.map((mix) => ({ ...mix, stepsPerSecond: mix.trials })));
      },
    };
    assert.equal(
      await currentMixes({ ...question, machine: { ...machine, physicalCores: 1, performanceCores: null } }),
      null,
    );
    assert.equal(measurements, 0);
    const known = await currentMixes({ ...question, machine });
    assert.deepEqual(await currentMixes({ ...question, machine }), known);
    assert.deepEqual([known!.busy, known!.mixes.length, measurements], [false, mixesToTry(machine).length, 1]);
  }));

Deno.test("measureMixes trains with each mix", async () => {
  const mixes = [{ trials: 1, threads: 1 }, { trials: 2, threads: 1 }];
  const measured = await measureMixes(mixes, { trialModule, measuredMs: 200 });
  assert.deepEqual(measured.map(({ trials, threads }) => ({ trials, threads })), mixes);
  assert.ok(measured.every(({ stepsPerSecond }) => stepsPerSecond > 0));
});

Deno.test("an awake clock leaves out sleep and stops, on either clock", () => {
  let [monotonicMs, wallMs] = [1000, 5000];
  const clock = new AwakeClock({ monotonicMs: () => monotonicMs, wallMs: () => wallMs });
  const pass = (ms: number, wall = ms) => {
    monotonicMs += ms;
    wallMs += wall;
    return clock.look();
  };
  assert.equal(pass(250), 0);
  assert.equal(pass(9000), 0);
  assert.equal(clock.awakeMs, 9250);
  assert.equal(pass(250, 3_600_000), 3_600_000); // the monotonic clock stood still: macOS
  assert.equal(pass(7_200_000), 7_200_000); // it went on, or this process was stopped
  assert.equal(clock.awakeMs, 9250);
  assert.equal(pass(250, -86_400_000), 0); // the calendar was set back
  assert.equal(clock.awakeMs, 9500);
});

Deno.test("a Mac is kept from idle sleep while a run lives, and a battery is warned of", () => {
  assert.deepEqual(wakefulProgram("darwin", 42), { program: "/usr/bin/caffeinate", args: ["-i", "-w", "42"] });
  assert.equal(wakefulProgram("linux", 42), null);
  const started: string[] = [];
  let killed = 0;
  const start = (program: string, args: readonly string[]) => {
    started.push([program, ...args].join(" "));
    return { kill: () => killed++ };
  };
  const awake = stayAwake({ machine: { power: "battery" }, platform: "darwin", pid: 42, start });
  assert.deepEqual(started, ["/usr/bin/caffeinate -i -w 42"]);
  assert.equal(awake.notices.length, 2);
  assert.match(awake.notices[0], /closing its lid still puts it to sleep/);
  assert.match(awake.notices[1], /battery/);
  awake.release();
  assert.equal(killed, 1);
  const refused = stayAwake({ machine: { power: "mains" }, platform: "darwin", pid: 42, start: () => null });
  assert.match(refused.notices[0], /may fall asleep/);
  refused.release();
  assert.deepEqual(overnightNotices({ platform: "linux", power: "mains", held: false }), []);
});
