// Numbers that arrive one by one, kept as a typed array that doubles when it is full.

type Numbers = Float64Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** A list of numbers without objects: 8 bytes a number, whatever a file's length. */
export class GrowingList<T extends Numbers> {
  #values: T;
  #length = 0;
  readonly #make: (length: number) => T;

  /** @param make an empty array of the wanted kind */
  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#values = make(1024);
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds one at the end. */
  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = this.#make(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  /** The last one; undefined of none. */
  last(): number | undefined {
    return this.#length === 0 ? undefined : this.#values[this.#length - 1];
  }

  /** All of them, without the spare room. */
  values(): T {
    return this.#values.slice(0, this.#length) as T;
  }
}

/** A list of doubles. */
export const doubles = () => new GrowingList((length) => new Float64Array(length));
/** A list of 32-bit integers. */
export const integers = () => new GrowingList((length) => new Int32Array(length));
