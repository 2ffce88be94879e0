// What the C library's allocator has handed out, by its own books: ONNX Runtime's memory, the host's, and that of JavaScript's buffers.

import { type Foreign, foreignInterface } from "./foreign.ts";

/** glibc's `struct mallinfo2`: ten sizes. */
const FIELDS = [
  "arena",
  "ordblks",
  "smblks",
  "hblks",
  "hblkhd",
  "usmblks",
  "fsmblks",
  "uordblks",
  "fordblks",
  "keepcost",
];

let ask: (() => Uint8Array) | null | undefined;

/**
 * Bytes that malloc has handed out and not got back, whether or not they are resident. To the byte, where resident memory goes up and down by
 * what allocators keep for later.
 *
 * @returns null where the C library does not tell: glibc from 2.33 on does, called from Deno
 *
 * @example
 * ```ts
 * import { mallocBytes } from "lib/runtime/mod.ts";
 * const before = mallocBytes();
 * const kept = new Uint8Array(10_000_000).fill(1);
 * const after = mallocBytes();
 * if (before !== null && after! - before < 0.9 * kept.length) throw new Error("buffers are part of it");
 * ```
 */
export function mallocBytes(): number | null {
  ask ??= mallinfo2(foreignInterface());
  if (ask === null) return null;
  const { buffer, byteOffset } = ask();
  const sizes = new BigUint64Array(buffer.slice(byteOffset, byteOffset + 8 * FIELDS.length));
  const size = (name: string) => Number(sizes[FIELDS.indexOf(name)]);
  return size("uordblks") + size("hblkhd");
}

function mallinfo2(foreign: Foreign | null): (() => Uint8Array) | null {
  if (foreign === null) return null;
  try {
    const signature = { parameters: [], result: { struct: FIELDS.map(() => "usize" as const) } };
    const { symbols } = foreign.dlopen("libc.so.6", { mallinfo2: signature });
    return () => symbols.mallinfo2() as Uint8Array;
  } catch {
    return null; // another C library
  }
}
