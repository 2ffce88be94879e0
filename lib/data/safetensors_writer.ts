// Writing a safetensors file whose tensors would not fit in memory together: its header is written first, values follow in any order.

import { replaceFile, writeAll } from "../process/mod.ts";
import { layoutSafetensors, type TensorLayout } from "./safetensors_layout.ts";

/** Writes part of a tensor, from a byte of it on. */
export type WritePart = (name: string, position: number, bytes: Uint8Array) => Promise<void>;

/**
 * Writes a safetensors file part by part, under a temporary name that is flushed and renamed when `fill` is done.
 *
 * @param options metadata: free text; fill: writes every byte of every tensor once
 * @throws {RangeError} for a part outside its tensor, or when bytes are missing in the end
 * @throws what `fill` throws; no file is left then, and one of the same name stays as it is
 *
 * @example
 * ```ts
 * import { readSafetensors, writeSafetensorsInParts } from "lib/data/mod.ts";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const folder = mkdtempSync(`${tmpdir()}/example-`);
 * await writeSafetensorsInParts(`${folder}/a.safetensors`, { w: { dtype: "U8", shape: [4] } }, {
 *   fill: async (write) => {
 *     await write("w", 2, Uint8Array.of(3, 4));
 *     await write("w", 0, Uint8Array.of(1, 2));
 *   },
 * });
 * console.log((await readSafetensors(`${folder}/a.safetensors`)).tensors.w.data); // Uint8Array [1, 2, 3, 4]
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function writeSafetensorsInParts(
  path: string,
  tensors: Readonly<Record<string, TensorLayout>>,
  { metadata = {}, fill }: { metadata?: Readonly<Record<string, string>>; fill: (write: WritePart) => Promise<void> },
): Promise<void> {
  const layout = layoutSafetensors(tensors, metadata);
  await replaceFile(path, async (file) => {
    await writeAll(file, layout.header, 0);
    let written = layout.header.length;
    await fill(async (name, position, bytes) => {
      const place = layout.tensors.get(name);
      if (!place || position < 0 || position + bytes.byteLength > place.bytes) {
        const expected = place ? `a part of ${place.bytes} bytes` : `one of ${[...layout.tensors.keys()].join(", ")}`;
        throw new RangeError(
          `Cannot write "${name}": expected ${expected}, got [${position}, ${position + bytes.byteLength})`,
        );
      }
      await writeAll(file, bytes, place.offset + position);
      written += bytes.byteLength;
    });
    if (written !== layout.fileBytes) {
      throw new RangeError(`Cannot write ${path}: expected ${layout.fileBytes} bytes, got ${written}`);
    }
  });
}
