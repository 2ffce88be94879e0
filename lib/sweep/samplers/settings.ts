// What samplers and pruners ask of their settings.

/** A setting that must be an integer of at least `least`. */
export function checkInteger(
  what: string,
  name: string,
  value: unknown,
  { least, most = Number.MAX_SAFE_INTEGER }: { least: number; most?: number },
): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new RangeError(`Cannot make ${what}: expected ${name} to be an integer ${range}, got ${String(value)}`);
}

/** Refuses settings of other names. */
export function checkNames(what: string, settings: object, known: readonly string[]): void {
  const unknown = Object.keys(settings).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`Cannot make ${what}: expected ${known.join(", ")}, got "${unknown}"`);
  }
}

/** Configurations that a sampler may be asked for. */
export const MOST_CONFIGURATIONS = 100_000;
