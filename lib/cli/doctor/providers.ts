// Each provider of the installed ONNX Runtime with a small model: are its numbers right, where did the nodes run, how long does a call
// take? And what CoreML takes of the shipped models, measured nowhere but predicted everywhere.

import { bindDimensions, eliminateCommonSubexpressions, forCoreMl, type Graph } from "../../graph/mod.ts";
import { projectPath, startChild } from "../../process/mod.ts";
import { availableProviders, COREML_UNITS, type CoreMlUnits, coverage, type ProviderName } from "../../runtime/mod.ts";
import type { Finding, Probe } from "./finding.ts";
import type { Trial } from "./provider_process.ts";

const DEADLINE_MS = 120_000;

/** Looks at each provider, whether it is installed or not, and at CoreML's coverage. */
export const PROVIDER_PROBES: Readonly<Record<string, Probe>> = {
  "cpu": () => probeProvider("cpu"),
  "webgpu": () => probeProvider("webgpu"),
  "coreml": () => probeProvider("coreml", COREML_UNITS),
  "CoreML coverage": probeCoverage,
};

/** One finding, or on CoreML one for each choice of units. */
async function probeProvider(
  provider: ProviderName,
  units: readonly (CoreMlUnits | undefined)[] = [undefined],
): Promise<Finding[]> {
  const available = await availableProviders();
  if (!available.includes(provider)) {
    if (provider === "cpu") throw new Error("onnxruntime-node has no binary for this platform");
    return [{ subject: provider, state: "absent", found: "not part of ONNX Runtime on this platform", advice: null }];
  }
  const findings: Finding[] = [];
  for (const unit of units) findings.push(await probeConfiguration(provider, unit));
  return findings;
}

async function probeConfiguration(provider: ProviderName, units: CoreMlUnits | undefined): Promise<Finding> {
  let trials: Trial[] | null = null;
  const { reason, exitCode, signal, stderrTail } = await startChild({
    module: projectPath("lib/cli/doctor/provider_process.ts"),
    args: units ? [provider, units] : [provider],
    deadlineMs: DEADLINE_MS,
    onMessage: (message) => trials = message as Trial[],
  }).result;
  const named = { provider, subject: units ? `${provider} ${units}` : provider };
  if (trials) return providerFinding(named, trials);
  const end = reason === "deadline"
    ? `no answer in ${DEADLINE_MS / 1000} s`
    : `ended by ${signal ?? `exit code ${exitCode}`}`;
  return failed(named, `${end}: ${stderrTail.trim().split("\n").at(-1)}`);
}

interface Named {
  provider: ProviderName;
  subject: string;
}

function failed({ provider, subject }: Named, found: string): Finding {
  if (provider !== "cpu") return { subject, state: "absent", found, advice: `benchmarks leave ${provider} out` };
  return { subject, state: "missing", found, advice: "reinstall: rm -r node_modules, npm test" };
}

/** A provider's trials as one line. Wrong numbers are a failure: they would be published. */
export function providerFinding(named: Named, trials: readonly Trial[]): Finding {
  const { provider, subject } = named;
  const failures = new Set(trials.map(({ failure }) => failure));
  const [failure] = failures;
  if (failures.size === 1 && failure !== null) return failed(named, failure);
  const found = trials.map((trial) => described(provider, trial)).join("; ");
  const wrong = trials.filter(({ error, bound }) => error !== null && !(error <= bound)).map(({ dtype }) => dtype);
  if (wrong.length > 0) {
    return {
      subject,
      state: "missing",
      found,
      advice: `the numbers of ${wrong.join(" and ")} are wrong: please report it`,
    };
  }
  const mixed = trials.some(({ counts }) => Object.keys(counts ?? {}).some((name) => name !== provider));
  return { subject, state: mixed ? "absent" : "ok", found, advice: mixed ? "benchmarks tell where nodes ran" : null };
}

function described(provider: ProviderName, { dtype, error, medianMs, counts, failure }: Trial): string {
  if (failure !== null) return `${dtype} does not run: ${failure}`;
  if (medianMs === null) return `${dtype} WRONG by ${error?.toExponential(1)}`;
  const elsewhere = Object.entries(counts ?? {}).filter(([where]) => where !== provider);
  const nodes = elsewhere.map(([where, count]) => `, ${count} nodes on ${where}`).join("");
  return `${dtype} ${medianMs.toFixed(medianMs < 1 ? 3 : 2)} ms a call, error ${error?.toExponential(1)}${nodes}`;
}

/** Shipped models as they run on CoreML, small: which operators they have does not depend on widths. */
async function shippedModels(): Promise<Record<string, Graph>> {
  const { lnStudent } = await import("../../models/ln.ts");
  const { lnspStudent } = await import("../../models/lnsp.ts");
  const { minilm } = await import("../../models/minilm.ts");
  const batch = 8;
  const forward = (graph: Graph) => forCoreMl(eliminateCommonSubexpressions(graph));
  return {
    lnsp: forward(bindDimensions(lnspStudent({ studentDim: 256 }).trace(), { batch })),
    ln: forward(bindDimensions(lnStudent().trace(), { batch })),
    minilm: forward(bindDimensions(minilm({ vocabularySize: 100 }).trace(), { batch, sequence: 64 })),
  };
}

async function probeCoverage(): Promise<Finding> {
  const reports = Object.entries(await shippedModels()).map(([name, graph]) => {
    const { taken, refused, partitions } = coverage(graph, "coreml-mlprogram");
    return {
      text: `${name} ${taken} of ${taken + refused} nodes in ${partitions} part${partitions === 1 ? "" : "s"}`,
      whole: refused === 0 && partitions === 1,
    };
  });
  const whole = reports.every(({ whole }) => whole);
  return {
    subject: "CoreML coverage",
    state: whole ? "ok" : "absent",
    found: `predicted: ${reports.map(({ text }) => text).join(", ")}`,
    advice: whole ? null : "what is left runs on the CPU",
  };
}
