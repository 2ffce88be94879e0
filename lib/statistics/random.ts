// Seeded random numbers. Every consumer names its own stream by a path, so that a new consumer, or another order of
// calls, changes nobody else's numbers; and a stream's state can be saved and continued bit for bit.
// Generator: xoshiro128** 1.1 (Blackman and Vigna 2018), 2^128 - 1 long, 32 bits a step. Seeding: SplitMix64.

import { portableLog } from "./portable_log.ts";
import { type SeedElement, seedWords } from "./seed_path.ts";

/** The whole state of a stream, as JSON. `spareNormal` is the second number of the last pair of normals, if unused. */
export interface RandomState {
  algorithm: "xoshiro128**";
  words: [number, number, number, number];
  spareNormal: number | null;
}

/** What `shuffle` permutes in place: a typed array or an ordinary array. */
export type Shuffleable =
  | unknown[]
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/**
 * The random stream with this name. The same seed and path give the same numbers on every machine; two different paths
 * give unrelated streams. Elements are told apart by type: `random(1)` and `random("1")` differ, as do `("a", "b")` and `("ab")`.
 *
 * @param seed any finite number or string
 * @param path further finite numbers or strings: what the stream is for, which epoch, which trial
 * @throws {TypeError} when an element is neither a finite number nor a string
 *
 * @example
 * ```ts
 * import { random } from "lib/statistics/mod.ts";
 * const order = random(42, "shuffle", 3).permutation(10); // Uint32Array of 0..9
 * const noise = random(42, "initialize", "layer0").normal(0, 0.02);
 * console.log(order.length, Math.abs(noise) < 1); // 10 true
 * ```
 */
export function random(seed: SeedElement, ...path: SeedElement[]): Random {
  return Random.fromState({ algorithm: "xoshiro128**", words: seedWords([seed, ...path]), spareNormal: null });
}

/** A stream of random numbers: made by `random(seed, ...path)`, continued by `Random.fromState`. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #limitOf = 1;
  #limit = TWO_32;
  #spareNormal: number | null;

  private constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spareNormal = state.spareNormal;
  }

  /**
   * A stream that continues where `state()` was taken.
   *
   * @throws {TypeError} when `state` is not a state of this generator
   * @throws {RangeError} when all words are zero, which the generator cannot leave
   *
   * @example
   * ```ts
   * import { random, Random } from "lib/statistics/mod.ts";
   * const stream = random(7);
   * const copy = Random.fromState(stream.state());
   * console.log(stream.next() === copy.next()); // true
   * ```
   */
  static fromState(state: RandomState): Random {
    checkState(state);
    return new Random(state);
  }

  /** The state, for `Random.fromState`: plain JSON. */
  state(): RandomState {
    return {
      algorithm: "xoshiro128**",
      words: [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0],
      spareNormal: this.#spareNormal,
    };
  }

  /** The next 32 random bits, an integer in [0, 2^32). */
  nextUint32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A number in [0, 1), a multiple of 2^-53 (two steps of the generator). */
  next(): number {
    return this.#next53() / TWO_53;
  }

  /** A number in [low, high), uniformly; `low` when both are equal. */
  uniform(low = 0, high = 1): number {
    if (!(Number.isFinite(high - low) && low <= high)) {
      throw new RangeError(`Cannot draw uniformly: expected finite low <= high, got ${low} and ${high}`);
    }
    const value = low + (high - low) * this.next();
    return value < high ? value : low; // rounding may reach `high`, which is excluded
  }

  /** A normally distributed number, by Marsaglia's polar method (1964): bit-identical on every machine. */
  normal(mean = 0, standardDeviation = 1): number {
    if (!(Number.isFinite(mean) && Number.isFinite(standardDeviation) && standardDeviation >= 0)) {
      throw new RangeError(
        `Cannot draw normally: expected a finite mean and standardDeviation >= 0, got ${mean} and ${standardDeviation}`,
      );
    }
    return mean + standardDeviation * this.#nextNormal();
  }

  /** An integer in [0, n), every one equally likely (biased draws are rejected). `n` is at most 2^53. */
  integer(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= TWO_53)) {
      throw new RangeError(`Cannot draw an integer: expected n from 1 to 2^53, got ${n}`);
    }
    return n <= TWO_32 ? this.#below(n) : this.#belowLarge(n);
  }

  /** Permutes `array` in place, every order equally likely (Fisher-Yates), and returns it. */
  shuffle<T extends Shuffleable>(array: T): T {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.#below(i + 1);
      const kept = array[i];
      array[i] = array[j];
      array[j] = kept;
    }
    return array;
  }

  /** The numbers 0..n-1 in random order. Shape [n], n at most 2^32 - 1. */
  permutation(n: number): Uint32Array {
    if (!(Number.isInteger(n) && n >= 0 && n < TWO_32)) {
      throw new RangeError(`Cannot permute: expected n from 0 to 2^32 - 1, got ${n}`);
    }
    return this.shuffle(Uint32Array.from({ length: n }, (_, i) => i));
  }

  /** Fills `array` with uniform numbers in [low, high), and returns it. */
  fillUniform<T extends Float32Array | Float64Array>(array: T, low: number, high: number): T {
    for (let i = 0; i < array.length; i++) array[i] = this.uniform(low, high);
    return array;
  }

  /** Fills `array` with normal numbers, and returns it. */
  fillNormal<T extends Float32Array | Float64Array>(array: T, mean: number, standardDeviation: number): T {
    for (let i = 0; i < array.length; i++) array[i] = this.normal(mean, standardDeviation);
    return array;
  }

  #next53(): number {
    return (this.nextUint32() >>> 5) * 67108864 + (this.nextUint32() >>> 6);
  }

  #nextNormal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    for (;;) {
      const x = 2 * this.next() - 1;
      const y = 2 * this.next() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt(-2 * portableLog(square) / square);
      this.#spareNormal = y * scale;
      return x * scale;
    }
  }

  #below(n: number): number {
    // Remainders of doubles are slow, and most streams draw below one n; the floored quotient of 32-bit integers is exact.
    if (n !== this.#limitOf) [this.#limitOf, this.#limit] = [n, TWO_32 - TWO_32 % n];
    for (;;) {
      const bits = this.nextUint32();
      if (bits < this.#limit) return bits - Math.floor(bits / n) * n;
    }
  }

  #belowLarge(n: number): number {
    const limit = TWO_53 - TWO_53 % n;
    for (;;) {
      const bits = this.#next53();
      if (bits < limit) return bits % n;
    }
  }
}

function checkState(state: RandomState): void {
  const words: unknown = state?.words;
  const isWord = (word: unknown) => Number.isInteger(word) && (word as number) >= 0 && (word as number) < TWO_32;
  const spare = state?.spareNormal;
  if (
    state?.algorithm !== "xoshiro128**" || !Array.isArray(words) || words.length !== 4 || !words.every(isWord) ||
    !(spare === null || Number.isFinite(spare))
  ) {
    throw new TypeError(
      `Cannot continue a random stream: expected { algorithm: "xoshiro128**", words: four 32-bit integers, spareNormal }, ` +
        `got ${JSON.stringify(state)}`,
    );
  }
  if (words.every((word) => word === 0)) {
    throw new RangeError("Cannot continue a random stream: expected words that are not all zero");
  }
}
