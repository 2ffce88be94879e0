// How long is measured: until a least time and a least count are both reached, or a most of either.

/** Limits of a measurement. */
export interface Limits {
  /** Both must be reached. */
  minMs: number;
  minCount: number;
  /** Whichever comes first ends it, reached or not. */
  maxMs: number;
  maxCount: number;
}

/** Why a measurement ended. */
export type StopReason = "minimum time and count" | "maximum time" | "maximum count";

/** 662 calls support p99. */
export const DEFAULT_LIMITS: Limits = { minMs: 1000, minCount: 662, maxMs: 30_000, maxCount: 1_000_000 };

/**
 * Checks limits and fills in defaults; a most that is below its least counts as that least.
 *
 * @throws {RangeError} when one is not positive, or a count is no integer
 */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    const isCount = name.endsWith("Count");
    if (!(value > 0) || (isCount && !Number.isInteger(value))) {
      const wanted = isCount ? "an integer from 1" : "a positive number";
      throw new RangeError(`Cannot measure: expected ${name} to be ${wanted}, got ${value}`);
    }
  }
  return {
    ...limits,
    maxMs: Math.max(limits.maxMs, limits.minMs),
    maxCount: Math.max(limits.maxCount, limits.minCount),
  };
}

/** Why to stop after `count` samples in `elapsedMs`, or null to go on. */
export function stopReason(limits: Limits, count: number, elapsedMs: number): StopReason | null {
  if (elapsedMs >= limits.minMs && count >= limits.minCount) return "minimum time and count";
  if (elapsedMs >= limits.maxMs) return "maximum time";
  return count >= limits.maxCount ? "maximum count" : null;
}

/** The least that were not reached, as sentences. */
export function unmet(limits: Limits, count: number, elapsedMs: number): string[] {
  const reasons: string[] = [];
  if (count < limits.minCount) reasons.push(`${count} of at least ${limits.minCount} calls were measured`);
  if (elapsedMs < limits.minMs) reasons.push(`${elapsedMs.toFixed(0)} of at least ${limits.minMs} ms were measured`);
  return reasons;
}
