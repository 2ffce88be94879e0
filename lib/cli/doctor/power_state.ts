// Whether the machine can run at full speed: mains or battery, saving power or not, too warm or not.

import type { Environment } from "../../bench/mod.ts";
import type { Finding } from "./finding.ts";

/** The state as a line: what would make benchmarks doubtful is "absent", with what to do. */
export function powerFinding(
  { power, lowPowerMode, cpuSpeedLimitPercent }: Pick<Environment, "power" | "lowPowerMode" | "cpuSpeedLimitPercent">,
): Finding {
  const found = [
    power === "unknown" ? "supply not told" : `on ${power}`,
    ...(lowPowerMode ? ["saves power"] : []),
    cpuSpeedLimitPercent === null
      ? "temperature not told"
      : `${cpuSpeedLimitPercent}% of the processor's speed allowed`,
  ];
  const advice = [
    ...(power === "battery" ? ["plug it in"] : []),
    ...(lowPowerMode ? ["switch Low Power Mode off"] : []),
    ...(cpuSpeedLimitPercent !== null && cpuSpeedLimitPercent < 100 ? ["let it cool"] : []),
  ];
  return {
    subject: "power",
    state: advice.length === 0 ? "ok" : "absent",
    found: found.join(", "),
    advice: advice.length === 0 ? null : `before benchmarks: ${advice.join(", ")}`,
  };
}
