import assert from "node:assert/strict";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadWeights, readSidecar, trainProgram } from "lib/train/mod.ts";
import { abortAfter, smallData, smallProgram, smallSettings, withFolder } from "./fixtures.ts";

const resume = (folder: string) =>
  trainProgram(smallProgram(), smallData(), { settings: smallSettings(), checkpointDir: folder }).result;

/** A folder with the checkpoint of a run that was interrupted in its second epoch. */
function withCheckpoint(use: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const settings = smallSettings();
    await trainProgram(smallProgram(), smallData(), { settings, checkpointDir: folder, signal: abortAfter(7) }).result;
    await use(folder);
  });
}

for (const kind of ["state", "weights"] as const) {
  const path = async (folder: string) => join(folder, (await readSidecar(folder))![kind]!.name);

  Deno.test(`a truncated ${kind} file is refused`, () =>
    withCheckpoint(async (folder) => {
      await truncate(await path(folder), 100);
      const message = /^RangeError: Cannot read checkpoint .*safetensors: expected SHA-256 .*truncated or changed/;
      await assert.rejects(resume(folder), message);
      if (kind === "weights") await assert.rejects(loadWeights(folder), message);
    }));

  Deno.test(`a ${kind} file with one bit changed is refused`, () =>
    withCheckpoint(async (folder) => {
      const bytes = await readFile(await path(folder));
      bytes[bytes.length - 1] ^= 1;
      await writeFile(await path(folder), bytes);
      await assert.rejects(resume(folder), /expected SHA-256/);
    }));

  Deno.test(`a missing ${kind} file is named`, () =>
    withCheckpoint(async (folder) => {
      const missing = await path(folder);
      await rm(missing);
      await assert.rejects(resume(folder), (error: Error) => {
        assert.match(error.message, /^Cannot read checkpoint .*: expected a file, got none/);
        return error instanceof RangeError && error.message.includes(missing);
      });
    }));
}

async function damage(folder: string, change: (sidecar: Record<string, unknown>) => void): Promise<void> {
  const path = join(folder, "checkpoint.json");
  const sidecar = JSON.parse(await readFile(path, "utf8"));
  change(sidecar);
  await writeFile(path, JSON.stringify(sidecar));
}

Deno.test("a sidecar that is no JSON is refused", () =>
  withCheckpoint(async (folder) => {
    await truncate(join(folder, "checkpoint.json"), 50);
    await assert.rejects(resume(folder), /^TypeError: Cannot read checkpoint .*checkpoint\.json: expected JSON/);
    await writeFile(join(folder, "checkpoint.json"), "");
    await assert.rejects(loadWeights(folder), /expected JSON/);
  }));

const DAMAGES: [string, (sidecar: Record<string, unknown>) => void, RegExp][] = [
  ["of another version", (sidecar) => sidecar.version = 2, /checkpoint\.json: version: /],
  ["without a field", (sidecar) => delete sidecar.step, /checkpoint\.json: step: /],
  ["with a negative step", (sidecar) => sidecar.step = -1, /checkpoint\.json: step: /],
  ["with a wrong history", (sidecar) => sidecar.history = [{ epoch: 1 }], /checkpoint\.json: history\.0\.steps: /],
  [
    "that leads out of its folder",
    (sidecar) => sidecar.state = { name: "../other.safetensors", sha256: "0".repeat(64) },
    /checkpoint\.json: state\.name: /,
  ],
  ["that is empty", (sidecar) => Object.keys(sidecar).forEach((key) => delete sidecar[key]), /checkpoint\.json: /],
];
for (const [what, change, message] of DAMAGES) {
  Deno.test(`a sidecar ${what} is refused, with the field's name`, () =>
    withCheckpoint(async (folder) => {
      await damage(folder, change);
      await assert.rejects(resume(folder), (error) => error instanceof TypeError && message.test(error.message));
    }));
}

Deno.test("loadWeights says when there is no checkpoint, or none with weights", () =>
  withFolder(async (folder) => {
    await assert.rejects(loadWeights(folder), /^RangeError: Cannot load weights: .* holds no checkpoint/);
    await assert.rejects(loadWeights(join(folder, "absent")), /holds no checkpoint/);
    const options = { settings: smallSettings(), checkpointDir: folder, signal: abortAfter(2) };
    await trainProgram(smallProgram(), smallData(), options).result;
    await assert.rejects(loadWeights(folder), /Cannot load weights: the checkpoint in .* has none yet/);
  }));
