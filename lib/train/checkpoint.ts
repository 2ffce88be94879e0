// Checkpoints: a folder with safetensors files and a JSON sidecar that names them with their hashes.
//
// The sidecar is renamed into place after its files are complete, so at any moment it describes a consistent state: a
// process killed at any point leaves either the previous checkpoint or the new one.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors, type TensorToWrite, writeSafetensors } from "../data/mod.ts";
import { sha256Hex, sha256OfFile, writeFileAtomic } from "../process/mod.ts";
import type { ArrayValue } from "../runtime/mod.ts";

const fileSchema = z.object({ name: z.string().regex(/^[\w.-]+\.safetensors$/), sha256: z.string().length(64) });
const programFileSchema = z.object({ name: z.string().regex(/^program-\w+\.json$/), sha256: z.string().length(64) });

const epochSchema = z.object({
  epoch: z.number().int().min(1),
  steps: z.number().int().min(0),
  trainLoss: z.number(),
  validation: z.record(z.string(), z.number()),
  /** Of the epoch's last step. */
  learningRate: z.number(),
  seconds: z.number(),
  samplesPerSecond: z.number(),
});

const sidecarSchema = z.object({
  version: z.literal(1),
  status: z.enum(["running", "finished"]),
  /** SHA-256 of the definition: program, data and settings. A checkpoint resumes only the run it came from. */
  definition: z.string().length(64),
  parameterCount: z.number().int(),
  /** Steps taken since the start. */
  step: z.number().int().min(0),
  /** Epochs completed, and steps taken of the one that was interrupted with the sum of their losses. */
  epoch: z.number().int().min(0),
  stepInEpoch: z.number().int().min(0),
  epochLossSum: z.number(),
  epochSeconds: z.number(),
  history: z.array(epochSchema),
  bestEpoch: z.number().int().min(0),
  stopped: z.enum(["epochs", "earlyStopping", "maxSteps"]).nullable(),
  /** Everything that training needs to go on; absent once it has finished. */
  state: fileSchema.nullable(),
  /** The parameters of the best epoch by validation loss, under their own names. */
  weights: fileSchema.nullable(),
  /** The traced model and the data's reference (program_file.ts); absent in checkpoints of earlier versions. */
  program: programFileSchema.nullable().default(null),
});

/** What happened in one pass over the training rows. */
export type EpochSummary = z.infer<typeof epochSchema>;

/** Contents of `checkpoint.json`. */
export type CheckpointSidecar = z.infer<typeof sidecarSchema>;

const SIDECAR = "checkpoint.json";

/** Tensors to store with a sidecar; null leaves that file out. */
export interface CheckpointTensors {
  state: Readonly<Record<string, ArrayValue>> | null;
  weights: Readonly<Record<string, ArrayValue>> | null;
  /** Text of the program's file; the same at every save of a run. */
  program: string;
}

/** Writes a checkpoint; earlier files of the folder are removed once the new sidecar stands. */
export async function saveCheckpoint(
  folder: string,
  sidecar: Omit<CheckpointSidecar, "version" | "state" | "weights" | "program">,
  tensors: CheckpointTensors,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = async (kind: "state" | "weights") => {
    const content = tensors[kind];
    if (!content) return null;
    // With the run's own mark: another run's file of the same step stays until the new sidecar stands.
    const name = `${kind}-${sidecar.step}-${sidecar.definition.slice(0, 8)}.safetensors`;
    const written = Object.entries(content).map(([name, { shape, data }]) => [name, { shape, data }] as const);
    await writeSafetensors(join(folder, name), Object.fromEntries(written) as Record<string, TensorToWrite>);
    return { name, sha256: await sha256OfFile(join(folder, name)) };
  };
  const complete: CheckpointSidecar = {
    version: 1,
    ...sidecar,
    state: await write("state"),
    weights: await write("weights"),
    program: await writeProgram(folder, tensors.program),
  };
  await writeFileAtomic(join(folder, SIDECAR), JSON.stringify(complete, null, 2) + "\n");
  const kept = [complete.state?.name, complete.weights?.name, complete.program?.name];
  for (const name of await readdir(folder)) {
    const own = name.endsWith(".safetensors") || /^program-\w+\.json$/.test(name);
    if (own && !kept.includes(name)) await rm(join(folder, name));
  }
}

/** Named by its content, so that it is written once a run. */
async function writeProgram(folder: string, text: string): Promise<{ name: string; sha256: string }> {
  const sha256 = sha256Hex(text);
  const name = `program-${sha256.slice(0, 8)}.json`;
  const path = join(folder, name);
  const present = await sha256OfFile(path).catch(() => null);
  if (present !== sha256) await writeFileAtomic(path, text);
  return { name, sha256 };
}

/**
 * Reads the sidecar of a checkpoint.
 *
 * @returns null when the folder has none
 * @throws {TypeError} when it is not a checkpoint's sidecar, naming the field
 */
export async function readSidecar(folder: string): Promise<CheckpointSidecar | null> {
  const path = join(folder, SIDECAR);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`Cannot read checkpoint ${path}: expected JSON`, { cause });
  }
  const parsed = sidecarSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TypeError(`Cannot read checkpoint ${path}: ${issue.path.join(".") || "sidecar"}: ${issue.message}`);
}

/**
 * Reads one of a checkpoint's files after checking its hash.
 *
 * @throws {RangeError} when the file is missing, cut short or otherwise not the one that was written
 */
export async function readTensors(
  folder: string,
  file: { name: string; sha256: string },
): Promise<Record<string, ArrayValue>> {
  const path = await checkedPath(folder, file);
  const { tensors } = await readSafetensors(path);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
      if (dtype !== "F32" && dtype !== "U8") {
        throw new TypeError(`Cannot read checkpoint ${path}: expected ${name} in F32 or U8, got ${dtype}`);
      }
      return [name, { dtype: dtype === "F32" ? "float32" : "uint8", shape, data }];
    }),
  );
}

/** Path of a checkpoint's file after checking its hash. */
export async function checkedPath(folder: string, file: { name: string; sha256: string }): Promise<string> {
  const path = join(folder, file.name);
  const got = await sha256OfFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new RangeError(`Cannot read checkpoint ${path}: expected a file, got none`);
  });
  if (got === file.sha256) return path;
  throw new RangeError(
    `Cannot read checkpoint ${path}: expected SHA-256 ${file.sha256}, got ${got}; the file was truncated or changed`,
  );
}

/**
 * The weights of a finished or interrupted run: parameters of its best epoch by name.
 *
 * @param folder a checkpoint's folder
 *
 * @throws {RangeError} when there is no checkpoint, it has no weights yet, or the file is damaged
 */
export async function loadWeights(folder: string): Promise<Record<string, ArrayValue>> {
  const sidecar = await readSidecar(folder);
  if (!sidecar) throw new RangeError(`Cannot load weights: ${folder} holds no checkpoint`);
  if (!sidecar.weights) throw new RangeError(`Cannot load weights: the checkpoint in ${folder} has none yet`);
  return await readTensors(folder, sidecar.weights);
}
