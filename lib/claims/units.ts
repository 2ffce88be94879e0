// Units of records and claims: which can be compared, and by what factor.

/** Units of one quantity, each with its size in the first one. Decimal prefixes, as documents and records use them. */
const QUANTITIES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "time": { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9, min: 60, h: 3600, days: 86_400 },
  "memory": { bytes: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  "bandwidth": { "GB/s": 1, "MB/s": 1e-3, "TB/s": 1e3 },
  "compute": { GFLOPS: 1, MFLOPS: 1e-3, TFLOPS: 1e3 },
  "share": { "1": 1, "%": 0.01, "": 1 },
  "ratio": { x: 1, "1": 1, "": 1 },
  "throughput of embeddings": { "embeddings/s": 1, "embeddings/ms": 1e3 },
  "throughput of samples": { "samples/s": 1, "samples/ms": 1e3 },
  "throughput of elements": { "elements/ms": 1, "elements/s": 1e-3 },
  "throughput of tokens": { "tokens/s": 1, "tokens/ms": 1e3 },
  "power": { W: 1, mW: 1e-3, kW: 1e3 },
};

/**
 * By what a number of the unit `from` is multiplied to be one of `to`; null when the two measure different things.
 *
 * @example
 * ```ts
 * import { unitFactor } from "lib/claims/mod.ts";
 * console.log(unitFactor("s", "ms"), unitFactor("MB", "GB"), unitFactor("MB", "ms")); // 1000 0.001 null
 * ```
 */
export function unitFactor(from: string, to: string): number | null {
  if (from === to) return 1;
  for (const sizes of Object.values(QUANTITIES)) {
    // A division by the smaller unit's size is exact where a multiplication by 0.001 is not.
    if (Object.hasOwn(sizes, from) && Object.hasOwn(sizes, to)) return sizes[from] / sizes[to];
  }
  return null;
}

/** What a unit measures, for messages: "time (such as ms)"; the unit itself where it stands alone. */
export function describeUnit(unit: string): string {
  const quantity = Object.entries(QUANTITIES).find(([, sizes]) => Object.hasOwn(sizes, unit))?.[0];
  return quantity === undefined ? unit : `${unit} (${quantity})`;
}
