// Which machines a claim's absolute values can be compared on.

import type { MachineFacts } from "../../record/mod.ts";
import type { Claim } from "../ledger.ts";

/** The machine that each document is about. */
const DOCUMENT_MACHINES: Readonly<Record<string, string>> = {
  ln: "m4-pro",
  lnsp: "m4",
  mlx: "m4-pro",
  cbi: "m4",
  lora: "m3-max",
};

/** Quantities that belong to a machine: times, rates, memory that a process takes, power, and how many run beside each other. */
const OF_A_MACHINE =
  /^(time|throughput|iterationsPerSecond|gflops|tflops|bandwidth|elementsPerMs|memory|peakMemory|cpuPercent|power|tops|speedup|instances|cores|sizeTb|cost)/;
/** Quantities that are the same wherever they are counted or scored. */
const OF_NO_MACHINE =
  /^(parameters|tensors|size|dimensions|epochs|passRate|cosine|relationshipScore|consistencyScore|efficiencyScore|samples|batch|runs|compressionPercent|savingPercent|cases|models|copies|score|coefficientOfVariation|elements|length|heads|arrays|rank|alpha|layers|dropout|iterations|learningRate)$|^sizeMb|^sizeKb|^sizeChange/;
const SPECIFIC = (machine: string) => machine !== "any" && machine !== "none";

/** The class of a machine, as `measurableOn` of the ledger names them: "m4", "m4-pro", "m3-max"; the architecture of any other. */
export function machineClass({ chip, arch }: Pick<MachineFacts, "chip" | "arch">): string {
  const [, generation, kind] = /\bApple (M\d+)(?: (Pro|Max|Ultra))?\b/.exec(chip) ?? [];
  if (generation === undefined) return arch;
  return (kind === undefined ? generation : `${generation}-${kind}`).toLowerCase();
}

/**
 * Whether a claim's figure belongs to a machine, so that one of another class says nothing about it. Ratios, factors and claims in words do
 * where the ledger names a machine for them.
 */
export function belongsToMachine({ quantity, measurableOn }: Claim): boolean {
  if (quantity !== null && OF_A_MACHINE.test(quantity)) return true;
  if (quantity !== null && OF_NO_MACHINE.test(quantity)) return false;
  return measurableOn.some(SPECIFIC);
}

/** Whether a machine is of the class that a claim is about. */
export function isOfClaimsClass(claim: Claim, machine: Pick<MachineFacts, "chip" | "arch">): boolean {
  const named = claim.measurableOn.filter(SPECIFIC);
  const classes = named.length > 0 ? named : [DOCUMENT_MACHINES[claim.seed]];
  return classes.includes(machineClass(machine));
}
