// What the doctor says, from written texts: those of macOS follow its manual and are not recorded on a Mac.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson, sha256Hex } from "lib/process/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";
import { examine, findingsTable, withoutPrivate } from "../../../lib/cli/mod.ts";
import { powerFinding } from "../../../lib/cli/doctor/power_state.ts";
import { tinyModel, type Trial, tryConfiguration } from "../../../lib/cli/doctor/provider_process.ts";
import { providerFinding } from "../../../lib/cli/doctor/providers.ts";
import { engineFinding, mixFinding } from "../../../lib/cli/doctor/sweep_speed.ts";
import { readEnvironment } from "lib/bench/mod.ts";
import { interpret } from "lib/graph/mod.ts";
import { thisMachine } from "lib/runtime/mod.ts";
import { withFolder } from "../../notebook/notebooks.ts";

const THERM_WARM =
  "2026-11-20 10:00:00 +0100 CPU Power notify\n\tCPU_Scheduler_Limit \t= 100\n\tCPU_Available_CPUs \t= 10\n" +
  "\tCPU_Speed_Limit \t= 72\n";
const settings = (line: string) =>
  `System-wide power settings:\nCurrently in use:\n standby              1\n${line}\n sleep                1\n`;
const BATTERY =
  "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t63%; discharging; 5:20 remaining present: true\n";

Deno.test("a warm Mac on its battery in Low Power Mode is told what to do before benchmarks", () => {
  const texts: Record<string, string> = {
    "pmset -g": settings(" lowpowermode         1"),
    "pmset -g therm": THERM_WARM,
    "pmset -g batt": BATTERY,
  };
  const state = readEnvironment({
    ...thisMachine(),
    platform: "darwin",
    arch: "arm64",
    run: (program, args) => texts[[program, ...args].join(" ")] ?? null,
  });
  assert.deepEqual([state.power, state.lowPowerMode, state.cpuSpeedLimitPercent], ["battery", true, 72]);
  assert.deepEqual(powerFinding(state), {
    subject: "power",
    state: "absent",
    found: "on battery, saves power, 72% of the processor's speed allowed",
    advice: "before benchmarks: plug it in, switch Low Power Mode off, let it cool",
  });
  const { state: good, found } = powerFinding({ power: "mains", lowPowerMode: false, cpuSpeedLimitPercent: 100 });
  assert.deepEqual([good, found], ["ok", "on mains, 100% of the processor's speed allowed"]);
});

const right: Trial = {
  dtype: "fp32",
  error: 3e-7,
  bound: 1e-4,
  medianMs: 0.25,
  counts: { coreml: 1 },
  failure: null,
};
const half: Trial = { ...right, dtype: "fp16", error: 6e-4, bound: 2e-2, medianMs: 1.5 };
const named = { provider: "coreml" as const, subject: "coreml all" };

Deno.test("a provider whose numbers are right is one line with times, errors and stray nodes", () => {
  const { state, found, advice } = providerFinding(named, [right, half]);
  assert.deepEqual([state, advice], ["ok", null]);
  assert.equal(found, "fp32 0.250 ms a call, error 3.0e-7; fp16 1.50 ms a call, error 6.0e-4");
  const mixed = providerFinding(named, [{ ...right, counts: { coreml: 2, cpu: 3 } }, half]);
  assert.deepEqual([mixed.state, mixed.found.split(";")[0]], [
    "absent",
    "fp32 0.250 ms a call, error 3.0e-7, 3 nodes on cpu",
  ]);
});

Deno.test("a provider with wrong numbers is a failure and has no time", () => {
  for (const error of [0.5, NaN, Infinity]) {
    const { state, found, advice } = providerFinding(named, [right, { ...half, error, medianMs: null }]);
    assert.equal(state, "missing");
    assert.match(found, /; fp16 WRONG by (5\.0e-1|NaN|Infinity)$/);
    assert.equal(advice, "the numbers of fp16 are wrong: please report it");
  }
});

Deno.test("a provider that does not run switches something off, the CPU is required", () => {
  const dead: Trial = { ...right, error: null, medianMs: null, counts: null, failure: "no GPU was found" };
  const both = [dead, { ...dead, dtype: "fp16" as const }];
  assert.deepEqual(providerFinding({ provider: "webgpu", subject: "webgpu" }, both), {
    subject: "webgpu",
    state: "absent",
    found: "no GPU was found",
    advice: "benchmarks leave webgpu out",
  });
  assert.equal(providerFinding({ provider: "cpu", subject: "cpu" }, both).state, "missing");
  const one = providerFinding(named, [right, { ...dead, dtype: "fp16" }]);
  assert.deepEqual([one.state, one.found.split("; ")[1]], ["ok", "fp16 does not run: no GPU was found"]);
});

Deno.test("the doctor's model is right on the CPU, and an output that is altered is never timed", async () => {
  const { source, feeds } = tinyModel();
  const expected = interpret(source.graph, { ...source.weights, ...feeds } as Parameters<typeof interpret>[1]);
  const task = { feeds, expected, bound: 1e-4, options: { provider: "cpu" as const } };
  const good = await tryConfiguration("fp32", source, task);
  assert.ok(good.error! < 1e-5 && good.medianMs! > 0 && good.failure === null);
  assert.deepEqual(Object.keys(good.counts!), ["cpu"]);
  const altered = Float64Array.from(expected.output.data);
  altered[7] += 1;
  const bad = await tryConfiguration("fp32", source, {
    ...task,
    expected: { ...expected, output: { ...expected.output, data: altered } },
  });
  assert.ok(bad.error! > 1e-4);
  assert.equal(bad.medianMs, null);
});

Deno.test("the mix of a sweep is told when one was measured on this machine, with these versions", () =>
  withFolder((folder) => {
    const machine = machineFacts();
    const { id, versions } = machine;
    const path = join(folder, "sweep-mix.json");
    assert.equal(mixFinding(machine, path).found, "not measured yet");
    const key = sha256Hex(canonicalJson({ id, versions })).slice(0, 16);
    const mixes = [{ trials: 1, threads: 2, stepsPerSecond: 100 }, { trials: 2, threads: 1, stepsPerSecond: 170 }];
    const write = (entry: object) =>
      writeFileSync(path, JSON.stringify({ [key]: { machine: machine.name, mixes, ...entry } }));
    const told = "2 trials at once with 1 thread each, 1.7 times one trial's";
    write({ busyShare: 0.5 });
    assert.equal(mixFinding(machine, path).found, `${told} (measured while 50% of the cores were busy)`);
    assert.match(mixFinding(machine, path).advice!, /measures it again/);
    write({ busyShare: 0.05 });
    assert.deepEqual([mixFinding(machine, path).found, mixFinding(machine, path).advice], [told, null]);
    assert.equal(mixFinding({ ...machine, id: "000000000000" }, path).found, "not measured yet");
    for (const broken of ["{", "[]", JSON.stringify({ [key]: { mixes: [{ trials: "2" }] } })]) {
      writeFileSync(path, broken);
      assert.equal(mixFinding(machine, path).state, "absent");
    }
    return Promise.resolve();
  }));

Deno.test("another engine is told beside the CPU's best mix", () => {
  const mixes = [{ trials: 1, threads: 2, stepsPerSecond: 100 }, { trials: 2, threads: 1, stepsPerSecond: 160 }];
  const found = (steps: number, onCpu: typeof mixes) => engineFinding("webgpu", steps, onCpu).found;
  assert.equal(found(400, mixes), "one trial, 400 steps/s, 2.50 times the CPU's best");
  assert.equal(found(400, []), "one trial, 400 steps/s");
});

Deno.test("a probe may find several things, and is told of before it looks", async () => {
  const seen: string[] = [];
  const line = (subject: string) => ({ subject, state: "ok" as const, found: "x", advice: null });
  const findings = await examine(
    { units: () => [line("coreml all"), line("coreml cpuOnly")] },
    (name) => seen.push(name),
  );
  assert.deepEqual([seen, findings.length], [["units"], 2]);
  assert.equal(findingsTable(findings), "ok       coreml all      x\nok       coreml cpuOnly  x");
});

Deno.test("withoutPrivate takes the host's name out too, long and short", () => {
  const options = { home: "/Users/ada", user: "ada", root: "/Users/ada/lab", host: "adas-macbook.local" };
  assert.equal(
    withoutPrivate("on adas-macbook.local, or adas-macbook; file:///Users/ada/lab/lib/x.ts", options),
    "on HOST, or HOST; file://PROJECT/lib/x.ts",
  );
});
