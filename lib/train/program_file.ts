// The program of a checkpoint: what was trained and on which data, so that weights can be used without the model's code.

import { readFile } from "node:fs/promises";
import type { DataReference } from "../data/mod.ts";
import { canonicalJson, type JsonValue } from "../process/mod.ts";
import { checkedPath, readSidecar } from "./checkpoint.ts";
import { deserializeProgram, type SerializedProgram, serializeProgram, type TrainingProgram } from "./program.ts";

/** What a checkpoint says about its origin. */
export interface CheckpointProgram {
  readonly program: TrainingProgram;
  readonly data: DataReference;
}

/** The file's text; equal programs and data give equal text. */
export function programFileText(program: TrainingProgram, data: DataReference): string {
  const content = { version: 1, program: serializeProgram(program), data: { ...data } };
  return canonicalJson(content as unknown as JsonValue) + "\n";
}

/**
 * The program that a checkpoint's weights belong to.
 *
 * @param folder a checkpoint's folder
 * @throws {RangeError} when there is no checkpoint, or it was made before programs were kept, or the file is damaged
 */
export async function loadProgram(folder: string): Promise<CheckpointProgram> {
  const sidecar = await readSidecar(folder);
  if (!sidecar) throw new RangeError(`Cannot load the program: ${folder} holds no checkpoint`);
  if (!sidecar.program) {
    throw new RangeError(
      `Cannot load the program: the checkpoint in ${folder} has none; train again with this version`,
    );
  }
  const path = await checkedPath(folder, sidecar.program);
  const content = JSON.parse(await readFile(path, "utf8")) as {
    version: number;
    program: SerializedProgram;
    data: DataReference;
  };
  if (content.version !== 1) {
    throw new TypeError(`Cannot load the program ${path}: expected version 1, got ${content.version}`);
  }
  return { program: deserializeProgram(content.program), data: content.data };
}
