// What a million samples cost on a machine that is rented by the hour, and at which price one's own is as cheap.

/** A GPU as the CBI document lists it: claims with its rates and its price. */
export interface ListedGpu {
  name: string;
  /** Ids of claims. */
  train: string;
  infer: string;
  price: string;
}

/** The GPUs of the CBI document's comparison. */
export const LISTED_GPUS: readonly ListedGpu[] = ["v100", "t4", "a100"].map((key) => ({
  name: key.toUpperCase(),
  train: `cbi-cloud-${key}-train`,
  infer: `cbi-cloud-${key}-infer`,
  price: `cbi-cloud-${key}-cost`,
}));

const SECONDS_PER_HOUR = 3600;
const MILLION = 1e6;

/** A machine that does one thing at a rate for a price. */
export interface Rented {
  /** Of the machine, in USD. */
  pricePerHour: number;
  samplesPerSecond: number;
}

/**
 * The price of a million samples, in USD, on a machine that is busy all the time.
 *
 * @throws {RangeError} for a rate that is not positive, or a negative price
 *
 * @example
 * ```ts
 * import { pricePerMillion } from "lib/bench/subjects/rental_cost.ts";
 * if (pricePerMillion({ pricePerHour: 3.6, samplesPerSecond: 1000 }) !== 1) throw new Error("a dollar");
 * ```
 */
export function pricePerMillion({ pricePerHour, samplesPerSecond }: Rented): number {
  if (!(samplesPerSecond > 0 && samplesPerSecond < Infinity)) {
    throw new RangeError(`Cannot compute a price: expected a positive rate, got ${samplesPerSecond}`);
  }
  if (!(pricePerHour >= 0 && pricePerHour < Infinity)) {
    throw new RangeError(`Cannot compute a price: expected a price from 0, got ${pricePerHour}`);
  }
  return pricePerHour * MILLION / (samplesPerSecond * SECONDS_PER_HOUR);
}

/**
 * The price an hour at which a machine's samples cost what they cost on the cheapest of others, in USD: below it, one's own is cheaper.
 *
 * @throws {RangeError} when there is no other machine, or as {@link pricePerMillion}
 *
 * @example
 * ```ts
 * import { breakEvenPerHour } from "lib/bench/subjects/rental_cost.ts";
 * if (breakEvenPerHour(500, [{ pricePerHour: 2, samplesPerSecond: 1000 }]) !== 1) throw new Error("half as fast, half the price");
 * ```
 */
export function breakEvenPerHour(samplesPerSecond: number, others: readonly Rented[]): number {
  if (others.length === 0) throw new RangeError("Cannot compute a price: expected at least one other machine");
  const cheapest = Math.min(...others.map(pricePerMillion));
  const unit = pricePerMillion({ pricePerHour: 1, samplesPerSecond });
  return cheapest / unit;
}
