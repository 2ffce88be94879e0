// deno task model: fetches a language model from the Hugging Face hub at a pinned revision, once its licence is accepted, or takes it
// from a folder. What is interrupted goes on where it stopped; a file is there whole and right, or not at all.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import process from "node:process";
import {
  MODEL_MANIFEST,
  MODEL_SOURCES,
  modelFolder,
  type ModelManifest,
  type ModelSource,
  readModelManifest,
} from "../models/fetched_models.ts";
import { projectRoot, sha256Hex, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { hubEndpoint } from "./hub.ts";
import { bringFiles, type FileSource, folderSource, hubSource, isComplete, megabytes } from "./model_files.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const USAGE = "deno task model NAME [--accept-license] [--from FOLDER] [--revision COMMIT] [--force]";
const LICENCE = "LICENSE";
/** Says which licence text was accepted, and when. */
const ACCEPTANCE = "license-accepted.json";

/** What the command works with; tests give their own. */
export interface ModelContext {
  terminal: Terminal;
  signal: AbortSignal;
  environment?: Readonly<Record<string, string | undefined>>;
  sources?: readonly ModelSource[];
  /** Folder of the models. */
  root?: string;
}

/** Runs `deno task model`. */
export async function modelMain(args: string[], context: ModelContext): Promise<number> {
  const { terminal, signal, environment = process.env, sources = MODEL_SOURCES } = context;
  const { values, positionals } = parseCommand(args, {
    "accept-license": { type: "boolean", default: false },
    from: { type: "string" },
    revision: { type: "string" },
    force: { type: "boolean", default: false },
  });
  const source = named(positionals, sources);
  const revision = commit(values.revision) ?? source.revision;
  const folder = context.root === undefined ? modelFolder(source.name) : join(context.root, source.name);
  const previous = readModelManifest(folder);
  if (values.force) rmSync(join(folder, MODEL_MANIFEST), { force: true });
  else if (previous !== null && await isComplete(folder, previous)) {
    terminal.line(`${source.repository} is in ${shown(folder)}${at(previous.revision)}; --force fetches it again`);
    return 0;
  }
  const pinned = revision === source.revision ? source.sha256 : {};
  const from = values.from === undefined
    ? await hubSource({ endpoint: hubEndpoint(environment), repository: source.repository, revision }, pinned, signal)
    : folderSource(resolve(values.from), { pinned, manifest: readModelManifest(resolve(values.from)), signal });
  const bringing = { folder, terminal, title: source.repository };
  const licence = await bringFiles(from, [LICENCE], bringing);
  await accept(source, { folder, terminal, accepted: values["accept-license"] });
  const rest = await bringFiles(from, from.files.map(({ name }) => name).filter((name) => name !== LICENCE), bringing);
  const manifest = await writeManifest(source, { folder, from, files: { ...licence, ...rest } });
  tell(manifest, { folder, from, terminal });
  return 0;
}

function named(positionals: readonly string[], sources: readonly ModelSource[]): ModelSource {
  const names = sources.map(({ name }) => name).join(", ");
  if (positionals.length !== 1) {
    throw new CommandError(`Cannot fetch a model: expected the name of one of ${names}: ${USAGE}`);
  }
  const source = sources.find(({ name }) => name === positionals[0]);
  if (source === undefined) throw new CommandError(`Cannot fetch a model: expected ${names}, got "${positionals[0]}"`);
  return source;
}

function commit(revision: string | undefined): string | null {
  if (revision === undefined) return null;
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  throw new CommandError(
    `Cannot fetch a model: expected --revision to be a commit of 40 hexadecimal digits, got "${revision}"`,
  );
}

/** Shows the licence until it is accepted; once is enough for the same text. */
async function accept(
  { repository, licence }: ModelSource,
  { folder, terminal, accepted }: { folder: string; terminal: Terminal; accepted: boolean },
): Promise<void> {
  const text = readFileSync(join(folder, LICENCE), "utf8");
  const path = join(folder, ACCEPTANCE);
  const sha256 = sha256Hex(text);
  if (existsSync(path) && JSON.parse(readFileSync(path, "utf8")).sha256 === sha256) return;
  terminal.line(text.trimEnd());
  terminal.line("");
  if (!accepted) {
    throw new CommandError(
      `${repository} is under ${licence.name}, shown above (${licence.url}). Add --accept-license once to accept it and fetch the model`,
    );
  }
  await writeFileAtomic(
    path,
    `${JSON.stringify({ licence: licence.name, sha256, acceptedAt: new Date().toISOString() })}\n`,
  );
  terminal.line(`Accepted ${licence.name}`);
}

async function writeManifest(
  { name, repository, licence }: ModelSource,
  { folder, from, files }: { folder: string; from: FileSource; files: ModelManifest["files"] },
): Promise<ModelManifest> {
  const manifest: ModelManifest = { schemaVersion: 1, name, repository, revision: from.revision, licence, files };
  await writeFileAtomic(join(folder, MODEL_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

const at = (revision: string | null) => (revision === null ? "" : ` at ${revision}`);

function tell(
  { repository, revision, files, licence, name }: ModelManifest,
  { folder, from, terminal }: { folder: string; from: FileSource; terminal: Terminal },
): void {
  const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  terminal.line(`${repository}${at(revision)} is in ${shown(folder)}: ${megabytes(bytes)}, from ${from.label}`);
  terminal.line(`What is derived from it stays under ${licence.name} and carries its notice`);
  terminal.line(`Try it: deno task lm generate --model ${name} "What is C. elegans?"`);
}

function shown(folder: string): string {
  const inside = relative(projectRoot(), folder);
  return inside.startsWith("..") || isAbsolute(inside) ? folder : inside;
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args, signal) => modelMain(args, { terminal: ownTerminal(), signal }));
}
