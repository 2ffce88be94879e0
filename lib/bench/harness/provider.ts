// Provider configurations: what runs a subject, and how it is set up.

import {
  availableProviders,
  COREML_UNITS,
  type CoreMlUnits,
  knownRefusal,
  tfjsOperatorTypes,
} from "../../runtime/mod.ts";

/** One configuration of one provider. */
export type ProviderConfig =
  /** Threads inside one operator; by default one a physical core. */
  | { name: "cpu"; threads?: number }
  | { name: "webgpu" }
  /** Units default to "all". */
  | { name: "coreml"; units?: CoreMlUnits }
  /** The interpreter of graphs on tfjs; it runs no files. */
  | { name: "tfjs"; backend?: "tfjs" | "tfjs-node" };

/** Their names. */
export const PROVIDER_NAMES = ["cpu", "webgpu", "coreml", "tfjs"] as const;
const BACKENDS = ["tfjs", "tfjs-node"] as const;

/** A configuration as it is named in tables: "coreml:cpuOnly", "cpu". */
export function providerLabel(provider: ProviderConfig): string {
  if (provider.name === "coreml") return `coreml:${provider.units ?? "all"}`;
  if (provider.name === "tfjs" && provider.backend) return provider.backend;
  return provider.name;
}

/**
 * The configuration of a name such as "cpu", "webgpu", "coreml" or "coreml:cpuOnly".
 *
 * @throws {RangeError} for another name, with the one that it may have been meant to be
 *
 * @example
 * ```ts
 * import { parseProvider } from "lib/bench/mod.ts";
 * const { name } = parseProvider("coreml:cpuOnly");
 * if (name !== "coreml") throw new Error("a provider and its units");
 * ```
 */
export function parseProvider(text: string): ProviderConfig {
  const [name, detail] = text.split(":", 2);
  if (name === "coreml" && (detail === undefined || COREML_UNITS.includes(detail as CoreMlUnits))) {
    return { name, units: (detail ?? "all") as CoreMlUnits };
  }
  if (detail === undefined && (name === "cpu" || name === "webgpu" || name === "tfjs")) return { name };
  if (text === "tfjs-node") return { name: "tfjs", backend: "tfjs-node" };
  const known = [...PROVIDER_NAMES, ...COREML_UNITS.map((units) => `coreml:${units}`), ...BACKENDS.slice(1)];
  const nearest = known.reduce((best, one) => (editDistance(one, text) < editDistance(best, text) ? one : best));
  const hint = editDistance(nearest, text) <= 3 ? `; did you mean ${nearest}?` : "";
  throw new RangeError(`Cannot benchmark: expected a provider of ${known.join(", ")}, got "${text}"${hint}`);
}

/** Why a provider cannot be had here, or null: it is then absent, and nothing takes its place. */
export async function whyAbsent({ name }: ProviderConfig): Promise<string | null> {
  if (name === "tfjs") return null;
  const available = await availableProviders();
  return available.includes(name) ? null : `ONNX Runtime has no ${name} here: it has ${available.join(", ")}`;
}

/** Why a provider cannot run a subject, told without trying; null when nothing speaks against it. */
export function whyRefused(
  { kind, operators, inputs = [] }: {
    kind: "graph" | "file" | "module";
    operators: Readonly<Record<string, number>>;
    inputs?: readonly { dtype: string }[];
  },
  { name }: ProviderConfig,
): string | null {
  if (name === "tfjs") {
    if (kind === "file") return "tfjs interprets graphs of this library, no files";
    if (inputs.some(({ dtype }) => dtype === "float16")) return "tfjs does not compute in float16";
    const known = tfjsOperatorTypes();
    const missing = Object.keys(operators).filter((type) => !known.includes(type));
    return missing.length > 0 ? `tfjs has no kernel for ${missing.join(", ")}` : null;
  }
  return knownRefusal(Object.keys(operators), name);
}

/** Letters to insert, delete or replace between two texts (Levenshtein 1966). */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
