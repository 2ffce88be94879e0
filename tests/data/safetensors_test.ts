import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type SafetensorsTensor,
  type TensorToWrite,
  toFloat32,
  writeSafetensors,
} from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";

const GOLDEN = projectPath("tests", "golden", "data", "all_dtypes.safetensors");

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "safetensors-"));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A file with this header text and `dataBytes` zero bytes after it. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function valuesOf(tensor: SafetensorsTensor): number[] {
  const isHalf = tensor.dtype === "F16" || tensor.dtype === "BF16";
  return Array.from(isHalf ? toFloat32(tensor) : tensor.data, Number);
}

Deno.test("readSafetensors reads every dtype as the reference implementation wrote it", async () => {
  const golden = JSON.parse(await readFile(GOLDEN.replace(".safetensors", ".json"), "utf8"));
  for (const { tensors, metadata } of [await readSafetensors(GOLDEN), decodeSafetensors(await readFile(GOLDEN))]) {
    assert.deepEqual(metadata, { format: "pt" });
    assert.deepEqual(Object.keys(tensors).sort(), Object.keys(golden).sort());
    for (const [name, { shape, values }] of Object.entries<{ shape: number[]; values: string[] }>(golden)) {
      assert.deepEqual(tensors[name].shape, shape, name);
      assert.deepEqual(valuesOf(tensors[name]), values.map((value) => Number(value.replace("inf", "Infinity"))), name);
    }
    assert.deepEqual(tensors.i64.data, BigInt64Array.of(2n ** 62n + 1n, -1n));
  }
});

Deno.test("writeSafetensors writes the reference implementation's bytes, whatever the order of keys", async () => {
  const bytes = await readFile(GOLDEN);
  const { tensors, metadata } = decodeSafetensors(bytes);
  assert.deepEqual(Buffer.from(encodeSafetensors(tensors, metadata)), bytes);
  const reversed = Object.fromEntries(Object.entries(tensors).reverse());
  await inFolder(async (folder) => {
    await writeSafetensors(join(folder, "sub", "a.safetensors"), reversed, metadata);
    assert.deepEqual(await readFile(join(folder, "sub", "a.safetensors")), bytes);
    assert.deepEqual(await readdir(join(folder, "sub")), ["a.safetensors"]); // no temporary file is left
  });
});

Deno.test("readSafetensors reads only the named tensors and refuses a missing name", async () => {
  const { tensors } = await readSafetensors(GOLDEN, { names: ["u8"] });
  assert.deepEqual(Object.keys(tensors), ["u8"]);
  await assert.rejects(
    readSafetensors(GOLDEN, { names: ["u8", "weights"] }),
    /expected tensor "weights", got i64, z.f64/,
  );
});

Deno.test("decodeSafetensors copies a tensor whose offset is not aligned", () => {
  const bytes = fileOf(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4);
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  new DataView(shifted.buffer).setFloat32(shifted.length - 4, 2.5, true);
  assert.deepEqual(decodeSafetensors(shifted.subarray(1)).tensors.x.data, Float32Array.of(2.5));
});

Deno.test("readSafetensors refuses a file cut at any byte", async () => {
  const bytes = await readFile(GOLDEN);
  await inFolder(async (folder) => {
    const path = join(folder, "cut.safetensors");
    for (const length of [0, 7, 8, 100, bytes.length - 200, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await assert.rejects(readSafetensors(path), RangeError, `${length} bytes`);
    }
    await writeFile(path, bytes.subarray(0, -1));
    await assert.rejects(readSafetensors(path), /expected 110 bytes of data, got 109 \(truncated\)/);
  });
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSafetensors(bytes.subarray(0, length)), RangeError, `${length} bytes`);
  }
});

Deno.test("decodeSafetensors refuses wrong headers, naming the tensor", () => {
  const f32 = (begin: number, end: number, shape = "[1]") =>
    `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;
  const cases: [string, number, RegExp][] = [
    [`{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4, /overlapping/],
    [`{"a":${f32(0, 8, "[2]")},"b":${f32(4, 8)}}`, 8, /overlapping/],
    [`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12, /bytes of no tensor/],
    [`{"a":${f32(0, 4)}}`, 8, /bytes of no tensor at the end/],
    [`{"a":${f32(0, 4)},"a":${f32(4, 8)}}`, 8, /bytes of no tensor/], // a repeated name hides the first tensor
    [`{"a":${f32(0, 4)}}`, 3, /truncated/],
    [`{"a":${f32(0, 4, "[2]")}}`, 4, /tensor "a": expected 8 bytes for F32 \[2\], got 4/],
    [`{"a":${f32(0, 4, "[-1]")}}`, 4, /tensor "a": expected a shape of non-negative integers/],
    [`{"a":${f32(0, 4, "[1.5]")}}`, 4, /non-negative integers/],
    [`{"a":${f32(4, 0)}}`, 4, /ascending data_offsets/],
    [
      `{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`,
      1,
      /tensor "a": expected a dtype of F64.*got "F8_E4M3"/,
    ],
    [`{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}`, 1, /expected a dtype/],
    [`{"a":3}`, 0, /tensor "a": expected dtype, shape and data_offsets, got 3/],
    [`{"__metadata__":{"step":3}}`, 0, /__metadata__/],
    [`[]`, 0, /JSON object/],
    [`{"a":`, 0, /JSON header/],
  ];
  for (const [header, dataBytes, message] of cases) {
    assert.throws(() => decodeSafetensors(fileOf(header, dataBytes), "x.safetensors"), message, header);
    assert.throws(() => decodeSafetensors(fileOf(header, dataBytes), "x.safetensors"), /Cannot read x\.safetensors/);
  }
});

Deno.test("decodeSafetensors refuses a header longer than the file or than any header", () => {
  const bytes = fileOf("{}", 0);
  const withLength = (length: bigint) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setBigUint64(0, length, true);
    return copy;
  };
  assert.deepEqual(decodeSafetensors(withLength(2n)).tensors, {});
  assert.throws(() => decodeSafetensors(withLength(3n)), /expected a header of 3 bytes, got a file with 2 bytes/);
  assert.throws(() => decodeSafetensors(withLength(2n ** 63n)), /at most 100000000/);
});

Deno.test("a tensor named __proto__ is a tensor like any other", () => {
  const tensors = { ["__proto__"]: { shape: [1], data: Float32Array.of(5) } };
  const decoded = decodeSafetensors(encodeSafetensors(tensors)).tensors;
  assert.deepEqual(Object.keys(decoded), ["__proto__"]);
});

Deno.test("writeSafetensors refuses arrays that do not fit and leaves the old file", async () => {
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ w: { shape: [3], data: Float32Array.of(1, 2) } }, /tensor "w": expected 3 elements for \[3\], got 2/],
    [{ w: { shape: [-1, -2], data: Float32Array.of(1, 2) } }, RegExp("expected 2 elements")],
    [{ w: { dtype: "F64", shape: [2], data: Float32Array.of(1, 2) } }, /expected Float64Array/],
    [{ w: { shape: [2], data: Uint16Array.of(1, 2) } }, /expected a dtype of F16 or BF16/],
    [{ w: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } }, /expected a dtype of F64.*got float32/],
    [{ w: { shape: [2], data: [1, 2] } }, /got Array/],
    [{ __metadata__: { shape: [1], data: Float32Array.of(1) } }, /__metadata__/],
  ];
  await inFolder(async (folder) => {
    const path = join(folder, "a.safetensors");
    await writeSafetensors(path, { w: { shape: [1], data: Float32Array.of(9) } });
    for (const [tensors, message] of wrong) {
      await assert.rejects(writeSafetensors(path, tensors as Record<string, TensorToWrite>), message);
    }
    const text = { step: 3 } as unknown as Record<string, string>;
    await assert.rejects(writeSafetensors(path, {}, text), /metadata "step": expected text, got number/);
    assert.deepEqual((await readSafetensors(path)).tensors.w.data, Float32Array.of(9));
    assert.deepEqual(await readdir(folder), ["a.safetensors"]);
  });
});

Deno.test("toFloat32 refuses integers", () => {
  assert.throws(
    () => toFloat32({ dtype: "I32", shape: [1], data: Int32Array.of(1) }),
    /expected F64, F32, F16 or BF16, got I32/,
  );
});
