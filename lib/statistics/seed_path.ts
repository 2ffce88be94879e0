// From a path of numbers and strings to the 128 bits that start a generator. Each element is written with a tag and its
// length, so that no two paths share a byte sequence; the bytes are absorbed and squeezed by SplitMix64 (Steele, Lea and Flood 2014).

/** One element of a seed path. Numbers count by value (0 and -0 are the same), strings by their UTF-16 code units. */
export type SeedElement = number | string;

const GOLDEN_GAMMA = 0x9e3779b97f4a7c15n;
const NUMBER_TAG = 1n;
const STRING_TAG = 2n;
const bits64 = (value: bigint) => BigInt.asUintN(64, value);

/**
 * The `count` first outputs of SplitMix64 from the 64-bit `state`.
 * Reference: splitmix64.c by Sebastiano Vigna, which the known-answer tests compare with.
 */
export function splitMix64(state: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => mix(bits64(state + GOLDEN_GAMMA * BigInt(i + 1))));
}

/**
 * Four 32-bit words, not all zero, that depend on every element of the path and on their order.
 *
 * @throws {TypeError} when an element is neither a finite number nor a string
 */
export function seedWords(path: readonly SeedElement[]): [number, number, number, number] {
  let state = 0n;
  const absorb = (word: bigint) => {
    state = mix(bits64((state ^ word) + GOLDEN_GAMMA));
  };
  for (const element of path) absorbElement(element, absorb);
  absorb(BigInt(path.length));
  const [first, second] = splitMix64(state, 2);
  const words = [first >> 32n, first, second >> 32n, second].map((word) => Number(BigInt.asUintN(32, word)));
  // SplitMix64 is a bijection of its counter: two outputs in a row cannot both be zero.
  return words as [number, number, number, number];
}

function absorbElement(element: SeedElement, absorb: (word: bigint) => void): void {
  if (typeof element === "number" && Number.isFinite(element)) {
    absorb(NUMBER_TAG);
    absorb(new BigUint64Array(Float64Array.of(element + 0).buffer)[0]);
    return;
  }
  if (typeof element !== "string") {
    throw new TypeError(`Cannot seed: expected finite numbers or strings, got ${String(element)}`);
  }
  absorb(STRING_TAG | (BigInt(element.length) << 8n));
  for (let i = 0; i < element.length; i += 4) {
    let word = 0n;
    for (let k = 0; k < 4 && i + k < element.length; k++) {
      word |= BigInt(element.charCodeAt(i + k)) << BigInt(16 * k);
    }
    absorb(word);
  }
}

function mix(value: bigint): bigint {
  let z = value;
  z = bits64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = bits64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
