import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeNpy,
  encodeSafetensors,
  float32ToFloat16,
  importDataset,
  type ImportOptions,
  loadDataset,
  type TensorToWrite,
} from "lib/data/mod.ts";
import { sha256Hex } from "lib/process/mod.ts";
import { random } from "lib/statistics/mod.ts";

/** A .npy file as NumPy's format description says. */
function npy(
  data: Uint16Array | Float32Array | Float64Array | Int32Array,
  { descr, shape, fortran = false, version = 1 }: {
    descr: string;
    shape: number[];
    fortran?: boolean;
    version?: 1 | 2;
  },
): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${dims}), }\n`;
  const lengthBytes = version === 1 ? 2 : 4;
  const head = new Uint8Array(8 + lengthBytes + text.length);
  head.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  new DataView(head.buffer).setUint16(8, text.length, true);
  head.set(new TextEncoder().encode(text), 8 + lengthBytes);
  return Uint8Array.from([...head, ...new Uint8Array(data.buffer)]);
}

const ROWS = 40;
const WIDTH = 6;
const values = random(1, "vectors").fillUniform(new Float32Array(ROWS * WIDTH), -1, 1);
const rowOf = (data: ArrayLike<number>, row: number) => Array.from(data).slice(row * WIDTH, (row + 1) * WIDTH);

interface Place {
  parent: string;
  write(name: string, content: string | Uint8Array): string;
}

async function withFolder(use: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-import-"));
  try {
    await use({
      parent: join(folder, "data"),
      write(name, content) {
        writeFileSync(join(folder, name), content);
        return join(folder, name);
      },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const matrix = (data: Float32Array = values): Uint8Array =>
  encodeSafetensors({ vectors: { shape: [data.length / WIDTH, WIDTH], data } });

Deno.test("decodeNpy reads float16, float32 and float64, in C and Fortran order, of both versions", () => {
  const six = Float32Array.of(1, 2, 3, 4, 5, 6);
  const plain = decodeNpy(npy(six, { descr: "<f4", shape: [2, 3] }));
  assert.deepEqual([plain.dtype, plain.shape, plain.data], ["F32", [2, 3], six]);
  const columns = decodeNpy(
    npy(Float64Array.of(1, 4, 2, 5, 3, 6), { descr: "<f8", shape: [2, 3], fortran: true, version: 2 }),
  );
  assert.deepEqual([columns.dtype, columns.data], ["F64", Float64Array.from(six)]);
  const half = decodeNpy(npy(float32ToFloat16(six), { descr: "<f2", shape: [6] }));
  assert.deepEqual([half.dtype, half.shape], ["F16", [6]]);
});

Deno.test("decodeNpy refuses what is no matrix of floats", () => {
  const six = new Float32Array(6);
  assert.throws(() => decodeNpy(new Uint8Array(4)), /expected a .npy file/);
  assert.throws(() => decodeNpy(npy(six, { descr: "|O", shape: [6] })), /got \|O, objects: are its rows of different/);
  assert.throws(
    () => decodeNpy(npy(new Int32Array(6), { descr: "<i4", shape: [6] })),
    /expected <f2, <f4, <f8, got <i4/,
  );
  assert.throws(() => decodeNpy(npy(six, { descr: "<f4", shape: [7] })), /expected 28 bytes for \[7\], got 24/);
});

Deno.test("importDataset makes a dataset of any width that loads, with its vectors and texts side by side", async () => {
  await withFolder(async ({ parent, write }) => {
    const file = write("My Vectors.safetensors", matrix());
    const texts = write("texts.txt", Array.from({ length: ROWS }, (_, i) => `text ${i}\n`).join(""));
    const { folder, manifest, duplicates } = await importDataset(file, { parent, texts });
    assert.deepEqual([manifest.name, manifest.count, manifest.width, duplicates], ["my-vectors", ROWS, WIDTH, 0]);
    assert.equal(manifest.origin[0].sha256!["My Vectors.safetensors"], sha256Hex(readFileSync(file)));
    const dataset = await loadDataset(folder);
    const { train, validation, test } = dataset.splits;
    assert.deepEqual([train.length, validation.length, test.length], [32, 4, 4]);
    dataset.texts.text.forEach((text, row) => {
      assert.deepEqual(rowOf(dataset.columns.embedding.data, row), rowOf(values, Number(text.slice(5))));
    });
    assert.notEqual(dataset.texts.text[0], "text 0"); // splits are ranges of shuffled rows
  });
});

Deno.test("importDataset gives the same dataset for the same vectors in another order, and keeps their dtype", async () => {
  await withFolder(async ({ parent, write }) => {
    const half = float32ToFloat16(values);
    const reversed = new Uint16Array(half.length);
    for (let row = 0; row < ROWS; row++) {
      reversed.set(half.subarray(row * WIDTH, (row + 1) * WIDTH), (ROWS - 1 - row) * WIDTH);
    }
    const shape = [ROWS, WIDTH];
    const first = await importDataset(write("a.npy", npy(half, { descr: "<f2", shape })), { parent });
    const second = await importDataset(write("b.npy", npy(reversed, { descr: "<f2", shape })), { parent });
    assert.equal(first.manifest.dtype, "F16");
    assert.deepEqual(first.manifest.files, second.manifest.files);
    const other = await importDataset(write("c.npy", npy(half, { descr: "<f2", shape })), { parent, seed: 2 });
    assert.notDeepEqual(first.manifest.files, other.manifest.files);
  });
});

Deno.test("importDataset leaves out rows that repeat an earlier one, and counts them", async () => {
  await withFolder(async ({ parent, write }) => {
    const doubled = Float32Array.from([...values, ...values.subarray(0, 3 * WIDTH)]);
    const { manifest, duplicates } = await importDataset(write("d.safetensors", matrix(doubled)), { parent });
    assert.deepEqual([manifest.count, duplicates, manifest.build.dropped], [ROWS, 3, { duplicateRows: 3 }]);
    const same = matrix(new Float32Array(ROWS * WIDTH).fill(1));
    await assert.rejects(importDataset(write("e.safetensors", same), { parent }), /at least 10 different rows, got 1/);
  });
});

Deno.test("importDataset refuses values that no dataset can have, with their place", async () => {
  await withFolder(async ({ parent, write }) => {
    const changed = (change: (data: Float32Array) => void) => {
      const data = values.slice();
      change(data);
      return importDataset(write("x.safetensors", matrix(data)), { parent });
    };
    await assert.rejects(changed((data) => data[WIDTH * 7 + 2] = NaN), /got NaN in row 7, column 2/);
    await assert.rejects(changed((data) => data[5] = -Infinity), /got -Infinity in row 0, column 5/);
    await assert.rejects(changed((data) => data.fill(0, WIDTH, 2 * WIDTH)), /got zeros only in row 1/);
    const wide = Float64Array.from(values);
    wide[0] = 1e200;
    const file = write("wide.npy", npy(wide, { descr: "<f8", shape: [ROWS, WIDTH] }));
    await assert.rejects(importDataset(file, { parent }), /expected finite values of float32, got 1e\+200 in row 0/);
  });
});

Deno.test("importDataset refuses mixed widths and dtypes, and takes the tensor that is named", async () => {
  await withFolder(async ({ parent, write }) => {
    const several = (tensors: Record<string, TensorToWrite>, options: ImportOptions = {}) =>
      importDataset(write("several.safetensors", encodeSafetensors(tensors)), { parent, ...options });
    const a = { shape: [ROWS, WIDTH], data: values };
    const wide = { shape: [ROWS / 2, WIDTH * 2], data: values };
    const half = { dtype: "F16" as const, shape: [ROWS, WIDTH], data: float32ToFloat16(values) };
    await assert.rejects(several({ a, wide }), /expected one matrix.* got a F32 \[40,6\], wide F32 \[20,12\]/);
    await assert.rejects(several({ a, half }), /one width and dtype.* got a F32 \[40,6\], half F16 \[40,6\]/);
    await assert.rejects(several({ a, wide }, { tensor: "c" }), /expected a tensor "c", got/);
    await assert.rejects(several({ row: { shape: [ROWS * WIDTH], data: values } }), /a matrix .* got row F32 \[240\]/);
    const ids = { shape: [2, 2], data: new Int32Array(4) };
    await assert.rejects(several({ ids }), /a matrix .* of F16, BF16, F32, F64, got ids I32/);
    await assert.rejects(several({}), /got none/);
    assert.equal((await several({ a, wide }, { tensor: "wide" })).manifest.width, 12);
  });
});

Deno.test("importDataset refuses texts that do not belong to the rows, unknown files, and taken names", async () => {
  await withFolder(async ({ parent, write }) => {
    const file = write("v.safetensors", matrix());
    const withTexts = (name: string, content: string | Uint8Array) =>
      importDataset(file, { parent, texts: write(name, content), force: true });
    await assert.rejects(withTexts("a.txt", "one\ntwo\n"), /expected 40 texts, one for each vector, got 2/);
    const lines = Array.from({ length: ROWS }, (_, i) => `${i}\tb`);
    await assert.rejects(withTexts("b.txt", lines.join("\n")), /expected no tabs .* in row 0, got 2 fields/);
    await assert.rejects(
      withTexts("c.tsv", ["id\ttext", "1", ...lines.slice(1)].join("\n")),
      /2 fields in row 0, got 1/,
    );
    await assert.rejects(withTexts("d.txt", Uint8Array.of(0xff, 0xfe)), /expected UTF-8/);
    const { manifest } = await withTexts("e.tsv", ["id\ttext", ...lines].join("\r\n"));
    assert.deepEqual(manifest.texts!.columns, ["id", "text"]);

    await assert.rejects(importDataset(file, { parent }), /exists already; --force replaces it/);
    mkdirSync(join(parent, "other"));
    await assert.rejects(importDataset(file, { parent, name: "other", force: true }), /exists already; choose another/);
    await assert.rejects(importDataset(file, { parent, name: "Über" }), /expected a name of lower-case letters/);
    await assert.rejects(
      importDataset(write("w.csv", "1,2"), { parent }),
      /expected a .safetensors or .npy file, got ".csv"/,
    );
    await assert.rejects(importDataset(write("w.npy", "1,2"), { parent }), /expected a .npy file/);
  });
});
