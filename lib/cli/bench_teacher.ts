// deno task bench:teacher: texts/s of the teacher, beside sentence-transformers when PEER_PYTHON names a Python that has it.

import process from "node:process";
import { runTeacherBenchmark, TEACHER_SUBJECT, type TeacherBenchmarkOptions, type TeacherSize } from "../bench/mod.ts";
import { hasTeacher, teacherFolder } from "../models/teacher.ts";
import { BENCH_OPTIONS, counts, outputFile, runIntoFile, runOptions } from "./bench_options.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** Texts a call and texts a batch: one text, one batch, a corpus in batches. */
const DEFAULTS = { full: { sizes: "1x1,64x64,512x64", minutes: 8 }, quick: { sizes: "1x1,64x64", minutes: 2 } };

/** Options of a command line. */
export function benchTeacherOptions(args: string[]): { output: string; options: TeacherBenchmarkOptions } {
  const { values } = parseCommand(args, { ...BENCH_OPTIONS, sizes: { type: "string", default: "" } });
  const defaults = values.quick ? DEFAULTS.quick : DEFAULTS.full;
  return {
    output: outputFile("teacher", values),
    options: {
      ...runOptions(values, defaults.minutes),
      sizes: (values.sizes || defaults.sizes).split(",").map(sizeOf),
      threads: counts("threads", values.threads),
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

function sizeOf(text: string): TeacherSize {
  const [, texts, batchSize] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  if (batchSize) return { texts: Number(texts), batchSize: Number(batchSize) };
  throw new CommandError(`Cannot benchmark: expected --sizes like 512x64 (texts x batch), got "${text}"`);
}

/** Runs `deno task bench:teacher`; cells are merged into reports/benchmarks/teacher.json, or teacher-quick.json. */
export async function benchTeacherMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { options, output } = benchTeacherOptions(args);
  if (!hasTeacher()) {
    throw new CommandError(
      `Cannot benchmark the teacher: it is not in ${teacherFolder()}; deno task teacher fetches it`,
    );
  }
  if (options.peerPython === null) {
    terminal.line("PEER_PYTHON names no Python with sentence-transformers: ours is measured alone.");
  }
  return await runIntoFile(
    TEACHER_SUBJECT,
    { output, terminal },
    (onProgress) => runTeacherBenchmark({ ...options, signal, onProgress }),
  );
}

if (import.meta.main) await runCommand((args, signal) => benchTeacherMain(args, ownTerminal(), signal));
