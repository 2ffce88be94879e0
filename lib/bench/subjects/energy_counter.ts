// Energy that a machine says it has used, where it tells so without privileges: the counters of Linux' powercap (Intel's RAPL and what
// follows it). Since 2020 most systems let only the administrator read them (CVE-2020-8694); macOS tells through powermetrics, which
// needs an administrator too. Nothing is guessed from a chip's nominal power.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** A counter of energy. */
export interface EnergyCounter {
  /** What tells: "powercap (package-0, package-1)". */
  readonly source: string;
  /** Joules since the counter was opened, all packages together. */
  readJoules(): number;
}

/** Where counters are looked for. */
export interface CounterPlace {
  platform?: string;
  /** Default: /sys/class/powercap. */
  folder?: string;
  /** Reads a file of a counter. */
  readText?: (file: string) => string;
}

interface Zone {
  name: string;
  file: string;
  /** The count at which it begins anew. */
  range: number;
  last: number;
}

const MICROJOULES = 1e6;
/**
 * Chips of any maker. What lies inside one (`intel-rapl:0:1`) is counted by it, `intel-rapl-mmio` counts it once more, and a zone that is no
 * package ("psys") counts several.
 */
const ZONE = /^intel-rapl:\d+$/;
const PACKAGE = /^package/;

/**
 * Opens the counters of this machine.
 *
 * @returns a sentence, where there is none, that says why
 *
 * @example
 * ```ts
 * import { openEnergyCounter } from "lib/bench/subjects/energy_counter.ts";
 * const counter = openEnergyCounter({ platform: "linux", folder: "/no/such/folder" });
 * if (counter !== "this system shows no energy counters") throw new Error("a reason");
 * ```
 */
export function openEnergyCounter(
  {
    platform = process.platform,
    folder = "/sys/class/powercap",
    readText = (file) => readFileSync(file, "utf8"),
  }: CounterPlace = {},
): EnergyCounter | string {
  if (platform === "darwin") return "macOS tells its power to administrators only (powermetrics)";
  if (platform !== "linux") return "this system shows no energy counters";
  const names = entries(folder).filter((name) => ZONE.test(name));
  if (names.length === 0) return "this system shows no energy counters";
  try {
    const zones = names.map((name) => openZone(join(folder, name), readText)).filter(({ name }) => PACKAGE.test(name));
    return zones.length > 0 ? counterOf(zones, readText) : "this system shows no energy counters";
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EACCES" || code === "EPERM" || (error as Error).name === "NotCapable") {
      return "the energy counters of this system are for administrators only";
    }
    return "the energy counters of this system cannot be read";
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

type ReadText = Required<CounterPlace>["readText"];

function readNumber(file: string, readText: ReadText): number {
  const value = Number(readText(file).trim());
  if (!Number.isFinite(value)) throw new TypeError(`Cannot read energy: expected a number in ${file}`);
  return value;
}

function openZone(folder: string, readText: ReadText): Zone {
  const file = join(folder, "energy_uj");
  return {
    name: readText(join(folder, "name")).trim(),
    file,
    range: readNumber(join(folder, "max_energy_range_uj"), readText),
    last: readNumber(file, readText),
  };
}

function counterOf(zones: Zone[], readText: ReadText): EnergyCounter {
  let used = 0;
  return {
    source: `powercap (${zones.map(({ name }) => name).join(", ")})`,
    readJoules() {
      for (const zone of zones) {
        const now = readNumber(zone.file, readText);
        used += now >= zone.last ? now - zone.last : now + zone.range - zone.last;
        zone.last = now;
      }
      return used / MICROJOULES;
    },
  };
}
