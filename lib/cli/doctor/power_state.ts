// Whether the machine can run at full speed: mains or battery, saving power or not, too warm or not. Texts come through the
// machine's reader; those of macOS were written by hand after its manual, not recorded on a Mac.

import { machineFacts, type MachineReader, thisMachine } from "../../runtime/mod.ts";
import type { Finding } from "./finding.ts";

/** What the machine tells; null where it does not. */
export interface PowerState {
  power: "mains" | "battery" | "unknown";
  lowPower: boolean | null;
  /** Speed that the processor is allowed, in percent. */
  speedLimitPercent: number | null;
}

/** `pmset -g` of macOS: ` lowpowermode         1`, or ` powermode  1` (0 automatic, 1 low, 2 high). */
export function parseLowPower(text: string | null): boolean | null {
  const mode = /^\s*(?:lowpowermode|powermode)\s+(\d)/m.exec(text ?? "")?.[1];
  return mode === undefined ? null : mode === "1";
}

/** `pmset -g therm` of macOS: `	CPU_Speed_Limit 	= 100`, or notes that nothing was recorded. */
export function parseSpeedLimit(text: string | null): number | null {
  const limit = /^\s*CPU_Speed_Limit\s*=\s*(\d+)/m.exec(text ?? "")?.[1];
  if (limit !== undefined) return Number(limit);
  return /No (thermal|performance) warning level has been recorded/i.test(text ?? "") ? 100 : null;
}

/** Reads the state now. */
export function powerState(reader: MachineReader = thisMachine()): PowerState {
  const { power } = machineFacts(reader);
  if (reader.platform !== "darwin") return { power, lowPower: null, speedLimitPercent: null };
  return {
    power,
    lowPower: parseLowPower(reader.run("pmset", ["-g"])),
    speedLimitPercent: parseSpeedLimit(reader.run("pmset", ["-g", "therm"])),
  };
}

/** The state as a line: what would make benchmarks doubtful is "absent", with what to do. */
export function powerFinding({ power, lowPower, speedLimitPercent }: PowerState): Finding {
  const found = [
    power === "unknown" ? "supply not told" : `on ${power}`,
    ...(lowPower ? ["saves power"] : []),
    speedLimitPercent === null ? "temperature not told" : `${speedLimitPercent}% of the processor's speed allowed`,
  ];
  const advice = [
    ...(power === "battery" ? ["plug it in"] : []),
    ...(lowPower ? ["switch Low Power Mode off"] : []),
    ...(speedLimitPercent !== null && speedLimitPercent < 100 ? ["let it cool"] : []),
  ];
  return {
    subject: "power",
    state: advice.length === 0 ? "ok" : "absent",
    found: found.join(", "),
    advice: advice.length === 0 ? null : `before benchmarks: ${advice.join(", ")}`,
  };
}
