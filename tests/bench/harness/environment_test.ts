import assert from "node:assert/strict";
import { parseNvidiaUse, parsePowermetricsUse, watchAccelerator } from "lib/bench/harness/accelerator.ts";
import {
  disturbances,
  type Environment,
  parseLowPowerMode,
  parseThermal,
  readEnvironment,
} from "lib/bench/harness/environment.ts";
import type { MachineReader } from "lib/runtime/mod.ts";

const QUIET_THERM = `Note: No thermal warning level has been recorded
Note: No performance warning level has been recorded
Note: No CPU power status has been recorded
`;
const WARM_THERM = `Note: No thermal warning level has been recorded
CPU Power notify
	CPU_Scheduler_Limit 	= 100
	CPU_Available_CPUs 	= 8
	CPU_Speed_Limit 	= 63
`;
const PMSET = `System-wide power settings:
Currently in use:
 standby              1
 Sleep On Power Button 1
 hibernatemode        3
 powernap             1
 lowpowermode         1
 sleep                1 (sleep prevented by powerd)
`;

Deno.test("pmset's thermal state: a limit, none recorded, or unknown", () => {
  assert.equal(parseThermal(WARM_THERM), 63);
  assert.equal(parseThermal(QUIET_THERM), 100);
  assert.equal(parseThermal("pmset: command failed"), null);
  assert.equal(parseThermal(null), null);
});

Deno.test("pmset's low power mode, by both of its names", () => {
  assert.equal(parseLowPowerMode(PMSET), true);
  assert.equal(parseLowPowerMode(PMSET.replace("lowpowermode         1", "lowpowermode         0")), false);
  assert.equal(parseLowPowerMode(" powermode            2\n"), false, "high power");
  assert.equal(parseLowPowerMode(" powermode            1\n"), true);
  assert.equal(parseLowPowerMode("nothing"), null);
});

const reader = (fields: Partial<MachineReader>): MachineReader => ({
  platform: "linux",
  arch: "x64",
  release: "6.1",
  logicalCores: 8,
  memoryBytes: 2 ** 34,
  engineVersions: { deno: "2.9.5", v8: "14" },
  read: () => null,
  list: () => [],
  run: () => null,
  packageVersion: () => "1.30.0",
  ...fields,
});

Deno.test("readEnvironment on macOS asks pmset; on Linux the system's files", () => {
  const texts: Record<string, string> = {
    "pmset -g batt": "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)	80%; discharging;",
    "pmset -g therm": WARM_THERM,
    "pmset -g": PMSET,
  };
  const mac = reader({
    platform: "darwin",
    arch: "arm64",
    run: (program, args) => texts[[program, ...args].join(" ")] ?? "",
  });
  assert.deepEqual(readEnvironment(mac, 1.5), {
    power: "battery",
    lowPowerMode: true,
    cpuSpeedLimitPercent: 63,
    throttleCount: null,
    load1: 1.5,
  });
  const files: Record<string, string> = {
    "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
    "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "12\n",
  };
  const linux = reader({ read: (path) => files[path] ?? null });
  assert.deepEqual([readEnvironment(linux, 0).lowPowerMode, readEnvironment(linux, 0).throttleCount], [true, 12]);
  const driver = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver";
  const pstate = reader({ read: (path) => (path === driver ? "intel_pstate\n" : files[path] ?? null) });
  assert.equal(readEnvironment(pstate, 0).lowPowerMode, false, "its ordinary governor");
  assert.equal(readEnvironment(reader({}), 0).lowPowerMode, null);
});

const calm: Environment = {
  power: "mains",
  lowPowerMode: false,
  cpuSpeedLimitPercent: 100,
  throttleCount: 3,
  load1: 0.2,
};

Deno.test("disturbances: background load, battery and low power make noisy; heat and a changed supply invalid", () => {
  assert.deepEqual(disturbances(calm, calm, 0.1), { noisy: [], invalid: [] });
  assert.deepEqual(disturbances(calm, calm, null), { noisy: [], invalid: [] });
  assert.match(disturbances(calm, calm, 0.4).noisy[0], /other processes took 40% of all cores/);
  const battery = { ...calm, power: "battery" } as const;
  assert.deepEqual(disturbances(battery, battery, 0).invalid, []);
  assert.match(disturbances(battery, battery, 0).noisy[0], /battery/);
  assert.match(disturbances(calm, battery, 0).invalid[0], /changed from mains to battery/);
  assert.match(disturbances({ ...calm, lowPowerMode: true }, calm, 0).noisy[0], /low power/);
  assert.match(disturbances(calm, { ...calm, cpuSpeedLimitPercent: 63 }, 0).invalid[0], /allowed 63%/);
  assert.match(disturbances(calm, { ...calm, throttleCount: 5 }, 0).invalid[0], /slowed down 2 times/);
});

Deno.test("use of the accelerator as nvidia-smi and powermetrics print it", () => {
  assert.equal(parseNvidiaUse("37\n"), 0.37);
  assert.equal(parseNvidiaUse("5\n100 %\n"), 1);
  assert.equal(parseNvidiaUse("[N/A]\n"), null);
  assert.equal(parseNvidiaUse("NVIDIA-SMI has failed because it couldn't communicate with the driver"), null);
  const sample = `**** GPU usage ****

GPU HW active frequency: 338 MHz
GPU HW active residency:  12.50% (338 MHz: 10% 618 MHz: 2.5%)
GPU idle residency:  87.50%
`;
  assert.equal(parsePowermetricsUse(sample), 0.125);
  assert.equal(parsePowermetricsUse("sudo: a password is required"), null);
});

Deno.test("an accelerator that nothing tells of is not available", async () => {
  const watch = await watchAccelerator("darwin"); // there is no powermetrics, or it wants a password
  if (watch.source === "not available") assert.equal(watch.latest(), null);
  else assert.equal(watch.source, "powermetrics");
  await watch.stop();
});
