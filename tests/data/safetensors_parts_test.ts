// Files of tensors that are read and written in parts.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  encodeSafetensors,
  openSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
  writeSafetensorsInParts,
} from "lib/data/mod.ts";

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

Deno.test("writeSafetensorsInParts writes the bytes of writeSafetensors, whatever the order of the parts", async () => {
  await inFolder(async (folder) => {
    const tensors = {
      b: { dtype: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) },
      a: { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      c: { dtype: "F16", shape: [1], data: Uint16Array.of(0x3c00) },
    } as const;
    const metadata = { label: "x" };
    const path = join(folder, "parts.safetensors");
    await writeSafetensorsInParts(path, tensors, {
      metadata,
      fill: async (write) => {
        await write("c", 0, bytesOf(tensors.c.data));
        await write("a", 12, bytesOf(tensors.a.data).subarray(12));
        await write("b", 0, tensors.b.data);
        await write("a", 0, bytesOf(tensors.a.data).subarray(0, 12));
      },
    });
    assert.deepEqual(new Uint8Array(readFileSync(path)), encodeSafetensors(tensors, metadata));
    const header = await readSafetensorsHeader(path);
    assert.deepEqual(header.metadata, metadata);
    const { offset, bytes } = header.tensors.get("a")!;
    assert.deepEqual(new Uint8Array(readFileSync(path)).subarray(offset, offset + bytes), bytesOf(tensors.a.data));
  });
});

Deno.test("writeSafetensorsInParts leaves nothing when a part fails, is too much or is missing, and the old file as it was", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, { w: { shape: [1], data: Float32Array.of(5) } });
    const old = readFileSync(path);
    const layout = { w: { dtype: "U8", shape: [4] } } as const;
    const fills: [Parameters<typeof writeSafetensorsInParts>[2]["fill"], RegExp][] = [
      [() => Promise.reject(new Error("no more room")), /no more room/],
      [(write) => write("w", 2, new Uint8Array(3)), /Cannot write "w": expected a part of 4 bytes, got \[2, 5\)/],
      [(write) => write("v", 0, new Uint8Array(1)), /Cannot write "v": expected one of w, got/],
      [(write) => write("w", 0, new Uint8Array(3)), /expected \d+ bytes, got \d+/],
    ];
    for (const [fill, message] of fills) await assert.rejects(writeSafetensorsInParts(path, layout, { fill }), message);
    assert.deepEqual(readdirSync(folder), ["a.safetensors"]);
    assert.deepEqual(readFileSync(path), old);
  });
});

Deno.test("openSafetensors reads any part of a tensor as float32, from one file or from shards", async () => {
  await inFolder(async (folder) => {
    const file = (shard: number) => `model-0000${shard}-of-00002.safetensors`;
    await writeSafetensors(join(folder, file(1)), {
      half: { dtype: "F16", shape: [2, 2], data: Uint16Array.of(0x3c00, 0x4000, 0x4200, 0x4400) },
      brain: { dtype: "BF16", shape: [3], data: Uint16Array.of(0x3f80, 0x4000, 0x4040) },
    });
    await writeSafetensors(join(folder, file(2)), {
      full: { shape: [3], data: Float32Array.of(1.5, 2.5, 3.5) },
      wide: { shape: [1], data: Float64Array.of(0.25) },
      whole: { shape: [1], data: Int32Array.of(1) },
    });
    const weightMap = { half: file(1), brain: file(1), full: file(2), wide: file(2), whole: file(2) };
    writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
    const source = await openSafetensors(folder);
    const read = async (name: string, first: number, count: number) => {
      const values = new Float32Array(count);
      await source.readFloats(name, first, values);
      return [...values];
    };
    assert.deepEqual(source.files, [file(1), file(2)]);
    assert.deepEqual(await read("half", 1, 3), [2, 3, 4]);
    assert.deepEqual(await read("brain", 0, 2), [1, 2]);
    assert.deepEqual(await read("full", 2, 1), [3.5]);
    assert.deepEqual(await read("wide", 0, 1), [0.25]);
    await assert.rejects(read("full", 2, 2), /expected elements \[2, 4\) of "full", got 3 elements/);
    await assert.rejects(read("none", 0, 1), /expected the tensor "none", got none/);
    await assert.rejects(
      read("whole", 0, 1),
      /Cannot read "whole" as float32: expected F64, F32, F16 or BF16, got I32/,
    );
    await source.close();
    const same = await openSafetensors(folder);
    assert.equal(same.fingerprint, source.fingerprint);
    await same.close();
    assert.equal((await readSafetensors(join(folder, file(2)))).tensors.full.data.length, 3);
  });
});
