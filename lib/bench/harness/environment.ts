// What may disturb a measurement and the machine tells of: thermal state, power, what else runs. Texts come through the machine's
// reader, so that macOS is tested from recorded text everywhere.

import { loadavg } from "node:os";
import type { MachineFacts } from "../../record/mod.ts";
import { machineFacts, type MachineReader, thisMachine } from "../../runtime/mod.ts";

/** The state of a machine at a moment; null is what it does not tell. */
export interface Environment {
  power: MachineFacts["power"];
  /** macOS's Low Power Mode, or a frequency governor that saves power. */
  lowPowerMode: boolean | null;
  /** Speed that the processor is allowed, in percent; below 100 it is too warm. */
  cpuSpeedLimitPercent: number | null;
  /** How often the processor has been slowed down for its temperature since the machine started. */
  throttleCount: number | null;
  /** Average number of runnable processes over a minute. */
  load1: number;
}

/** `pmset -g therm` of macOS: "CPU_Speed_Limit = 100"; it prints only notes where nothing was recorded. */
export function parseThermal(text: string | null): number | null {
  const limit = /^\s*CPU_Speed_Limit\s*=\s*(\d+)/m.exec(text ?? "")?.[1];
  if (limit !== undefined) return Number(limit);
  return /No (thermal|performance) warning level has been recorded/i.test(text ?? "") ? 100 : null;
}

/** `pmset -g` of macOS: " lowpowermode         1". */
export function parseLowPowerMode(text: string | null): boolean | null {
  const mode = /^\s*(?:lowpowermode|powermode)\s+(\d)/m.exec(text ?? "")?.[1];
  // powermode: 0 automatic, 1 low, 2 high.
  return mode === undefined ? null : mode === "1";
}

/** Reads the state of the machine now. */
export function readEnvironment(reader: MachineReader = thisMachine(), load1: number = loadavg()[0]): Environment {
  const { power } = machineFacts(reader);
  if (reader.platform === "darwin") {
    return {
      power,
      lowPowerMode: parseLowPowerMode(reader.run("pmset", ["-g"])),
      cpuSpeedLimitPercent: parseThermal(reader.run("pmset", ["-g", "therm"])),
      throttleCount: null,
      load1,
    };
  }
  const cpu = "/sys/devices/system/cpu/cpu0";
  const governor = reader.read(`${cpu}/cpufreq/scaling_governor`)?.trim();
  const throttled = reader.read(`${cpu}/thermal_throttle/package_throttle_count`)?.trim();
  return {
    power,
    lowPowerMode: governor === undefined ? null : governor === "powersave" && !hasOwnScaling(reader, cpu),
    cpuSpeedLimitPercent: null,
    throttleCount: throttled !== undefined && /^\d+$/.test(throttled) ? Number(throttled) : null,
    load1,
  };
}

/** Under intel_pstate and amd_pstate the governor "powersave" is the ordinary one, and runs at full speed. */
function hasOwnScaling(reader: MachineReader, cpu: string): boolean {
  return /pstate/.test(reader.read(`${cpu}/cpufreq/scaling_driver`) ?? "");
}

/** Part of all cores that something else may take before a measurement counts as disturbed; as `waitForQuiet` has it. */
const OTHERS_SHARE = 0.15;

/** What makes a measurement unsure: reasons for NOISY, and for INVALID. */
export interface Disturbances {
  noisy: string[];
  invalid: string[];
}

/**
 * Judges the state before and after a measurement.
 *
 * @param othersShare part of all cores' time that other processes took meanwhile, from 0 to 1; null when unknown
 */
export function disturbances(before: Environment, after: Environment, othersShare: number | null): Disturbances {
  const noisy: string[] = [];
  const invalid: string[] = [];
  if (othersShare !== null && othersShare > OTHERS_SHARE) {
    noisy.push(`background load: other processes took ${(othersShare * 100).toFixed(0)}% of all cores`);
  }
  if (before.power === "battery" || after.power === "battery") noisy.push("the machine ran on its battery");
  if (before.lowPowerMode || after.lowPowerMode) noisy.push("low power mode is on");
  const limits = [before, after].flatMap(({ cpuSpeedLimitPercent }) => cpuSpeedLimitPercent ?? []);
  const limit = Math.min(100, ...limits);
  if (limit < 100) invalid.push(`thermal limit: the processor was allowed ${limit}% of its speed`);
  if (before.throttleCount !== null && after.throttleCount !== null && after.throttleCount > before.throttleCount) {
    invalid.push(`thermal limit: the processor was slowed down ${after.throttleCount - before.throttleCount} times`);
  }
  if (before.power !== after.power) invalid.push(`the power supply changed from ${before.power} to ${after.power}`);
  return { noisy, invalid };
}
