// The host's foreign function interface, as far as this project uses it: Deno's, behind types of our own since the same code
// also runs under Node, which has none.

/** Types of arguments: an address as an integer, the memory of a typed array, integers, an opaque pointer (for results). */
export type ForeignType = "u64" | "usize" | "i32" | "u32" | "buffer" | "pointer" | "void";

/** A pointer that only the host can look into; null for address 0. */
export type Pointer = object | null;

interface PointerView {
  getBigUint64(offset: number): bigint;
  getCString(): string;
  copyInto(destination: ArrayBufferView): void;
}

interface ForeignSignature {
  readonly parameters: readonly ForeignType[];
  readonly result: ForeignType | { readonly struct: readonly ForeignType[] };
}

/** The part of Deno's interface that is used here. */
export interface Foreign {
  dlopen(path: string, symbols: Record<string, ForeignSignature>): {
    symbols: Record<string, (...values: unknown[]) => unknown>;
  };
  UnsafePointer: {
    create(address: bigint): Pointer;
    of(data: ArrayBufferView): Pointer;
    value(pointer: Pointer): bigint;
  };
  UnsafeFnPointer: new (pointer: Pointer, signature: ForeignSignature) => { call(...values: unknown[]): unknown };
  UnsafePointerView: new (pointer: Pointer) => PointerView;
}

/** The host's interface, or null where there is none: under Node. */
export function foreignInterface(): Foreign | null {
  const host = (globalThis as Record<string, unknown>)["Deno"] as Foreign | undefined;
  return typeof host?.dlopen === "function" ? host : null;
}

/**
 * The address of an array's first byte. It holds for as long as the array is reachable and its buffer is neither transferred
 * nor grown.
 */
export function addressOf(foreign: Foreign, data: ArrayBufferView): bigint {
  // Arrays of a few bytes live among V8's movable objects until someone asks for their buffer.
  if (data.buffer.byteLength === 0) throw new RangeError("Cannot take an address: expected an array that is not empty");
  return BigInt(foreign.UnsafePointer.value(foreign.UnsafePointer.of(data)));
}

/** `text` with the zero byte that ends a C string. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
