// Adapters in files, as peft and mlx-lm have them: a safetensors file of factors, and adapter_config.json. peft holds A `[rank, in]` and
// B `[out, rank]` and scales by lora_alpha / r; mlx-lm holds their transposes and scales by `scale`.

import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSafetensors, type SafetensorsFile, toFloat32, writeSafetensors } from "../../data/mod.ts";
import { writeFileAtomic } from "../../process/mod.ts";
import { mlxConfig, peftConfig, type ReadConfig, readMlxConfig, readPeftConfig } from "./adapter_config.ts";
import { type Adapter, ADAPTER_FORMATS, type AdapterFormat, type LoraFactors } from "./lora_types.ts";
import { modulesOf } from "./plan.ts";

const CONFIG = "adapter_config.json";

/** How a format stores factors. */
interface Layout {
  readonly file: string;
  readonly prefix: string;
  readonly a: string;
  readonly b: string;
  readonly transposed: boolean;
}

const LAYOUTS: Readonly<Record<AdapterFormat, Layout>> = {
  peft: {
    file: "adapter_model.safetensors",
    prefix: "base_model.model.",
    a: ".lora_A.weight",
    b: ".lora_B.weight",
    transposed: false,
  },
  mlx: { file: "adapters.safetensors", prefix: "", a: ".lora_a", b: ".lora_b", transposed: true },
};

/**
 * Writes an adapter into a folder, each file under a temporary name that is renamed; the configuration comes last.
 *
 * @param options format: `peft` (default) or `mlx`
 * @throws {RangeError} for another format
 *
 * @example
 * ```ts
 * import { readAdapter, saveAdapter } from "lib/train/mod.ts";
 * import { mkdtempSync, rmSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * const factors = { "layers.0.q_proj": { inFeatures: 2, outFeatures: 1, a: Float32Array.of(1, 2), b: Float32Array.of(3) } };
 * const config = { rank: 1, alpha: 20, dropout: 0, lastLayers: 1, targetModules: ["q_proj"] };
 * const folder = mkdtempSync(`${tmpdir()}/example-`);
 * await saveAdapter(folder, { ...config, factors, layerCount: 1, baseModel: null }, { format: "mlx" });
 * const { alpha, factors: { "layers.0.q_proj": { a } } } = await readAdapter(folder);
 * if (alpha !== 20 || a[1] !== 2) throw new Error("what was saved is read");
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function saveAdapter(
  folder: string,
  adapter: Adapter,
  { format = "peft" }: { format?: AdapterFormat } = {},
): Promise<void> {
  if (!ADAPTER_FORMATS.includes(format)) {
    throw new RangeError(`Cannot save an adapter: expected format ${ADAPTER_FORMATS.join(" or ")}, got "${format}"`);
  }
  const { file, prefix, a, b, transposed } = LAYOUTS[format];
  const config = format === "peft" ? peftConfig(adapter) : mlxConfig(adapter);
  const { rank } = adapter;
  const tensors = Object.entries(adapter.factors).flatMap(([name, factors]) => [
    [prefix + name + a, matrix(factors.a, { rows: rank, columns: factors.inFeatures, transposed })] as const,
    [prefix + name + b, matrix(factors.b, { rows: factors.outFeatures, columns: rank, transposed })] as const,
  ]);
  await mkdir(folder, { recursive: true });
  const { layerCount, lastLayers } = adapter;
  await writeSafetensors(join(folder, file), Object.fromEntries(tensors), {
    format: format === "peft" ? "pt" : "mlx",
    ...(layerCount !== null && { layer_count: String(layerCount) }),
    ...(lastLayers !== null && { last_layers: String(lastLayers) }),
  });
  await writeFileAtomic(join(folder, CONFIG), JSON.stringify(config, null, 2) + "\n");
}

interface Size {
  rows: number;
  columns: number;
  transposed: boolean;
}

function matrix(data: Float32Array, { rows, columns, transposed }: Size) {
  if (!transposed) return { shape: [rows, columns], data };
  return { shape: [columns, rows], data: transpose(data, { rows, columns }) };
}

function transpose(data: Float32Array, { rows, columns }: { rows: number; columns: number }): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column];
  }
  return result;
}

/**
 * Reads an adapter that peft, mlx-lm or `saveAdapter` wrote.
 *
 * @throws {RangeError} when the folder holds none, a file is damaged, tensors are not the configuration's, or the adapter is of a kind that
 *   is not LoRA alone (DoRA, trained biases, ranks that differ between layers)
 */
export async function readAdapter(folder: string): Promise<Adapter> {
  const format = ADAPTER_FORMATS.find((name) => existsSync(join(folder, LAYOUTS[name].file)));
  if (!format) {
    const files = ADAPTER_FORMATS.map((name) => LAYOUTS[name].file).join(" or ");
    throw new RangeError(`Cannot read an adapter from ${folder}: expected ${files}, got neither`);
  }
  const { file } = LAYOUTS[format];
  const [config, content] = [await readConfig(folder, format), await readSafetensors(join(folder, file))];
  const factors = factorsIn(content, { layout: LAYOUTS[format], rank: config.rank, path: join(folder, file) });
  const { metadata } = content;
  const count = (text: string | undefined) => text === undefined || !/^[1-9]\d*$/.test(text) ? null : Number(text);
  return {
    ...config,
    targetModules: config.targetModules ?? modulesOf(Object.keys(factors)),
    lastLayers: config.lastLayers ?? count(metadata.last_layers),
    layerCount: count(metadata.layer_count),
    factors,
  };
}

async function readConfig(folder: string, format: AdapterFormat): Promise<ReadConfig> {
  const path = join(folder, CONFIG);
  if (!existsSync(path)) throw new RangeError(`Cannot read an adapter from ${folder}: expected ${CONFIG}, got none`);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new RangeError(`Cannot read ${path}: expected JSON, got ${error instanceof Error ? error.message : error}`);
  }
  return format === "peft" ? readPeftConfig(json, path) : readMlxConfig(json, path);
}

/** The factors in a file, in peft's orientation. */
function factorsIn(
  { tensors }: SafetensorsFile,
  { layout, rank, path }: { layout: Layout; rank: number; path: string },
): Record<string, LoraFactors> {
  const refuse = (expected: string, got: string) =>
    new RangeError(`Cannot read ${path}: expected ${expected}, got ${got}`);
  const names = new Set<string>();
  for (const name of Object.keys(tensors)) {
    const suffix = [layout.a, layout.b].find((end) => name.endsWith(end));
    if (!suffix || !name.startsWith(layout.prefix)) {
      throw refuse(`tensors ${layout.prefix}LAYER${layout.a} and ${layout.b}`, name);
    }
    names.add(name.slice(layout.prefix.length, -suffix.length));
  }
  if (names.size === 0) throw refuse("factors of at least one layer", "no tensors");
  const read = (name: string, suffix: string, rankFirst: boolean) => {
    const full = layout.prefix + name + suffix;
    const tensor = tensors[full];
    if (!tensor) throw refuse(full, "none");
    const rankAxis = rankFirst === layout.transposed ? 1 : 0;
    if (tensor.shape.length !== 2 || tensor.shape[rankAxis] !== rank) {
      const expected = rankAxis === 0 ? `[${rank}, features]` : `[features, ${rank}]`;
      throw refuse(`${full} ${expected}, as its rank ${rank} says`, `[${tensor.shape.join(", ")}]`);
    }
    const [rows, columns] = tensor.shape;
    const data = toFloat32(tensor);
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) throw refuse(`finite values in ${full}`, String(data[wrong]));
    return {
      features: tensor.shape[1 - rankAxis],
      data: layout.transposed ? transpose(data, { rows, columns }) : data,
    };
  };
  return Object.fromEntries([...names].map((name) => {
    const [a, b] = [read(name, layout.a, true), read(name, layout.b, false)];
    return [name, { inFeatures: a.features, outFeatures: b.features, a: a.data, b: b.data }];
  }));
}
