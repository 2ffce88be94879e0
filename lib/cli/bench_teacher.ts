// deno task bench:teacher: texts/s of the teacher, beside sentence-transformers when PEER_PYTHON names a Python that has it.

import process from "node:process";
import { runTeacherBenchmark, type TeacherBenchmarkOptions, teacherTable } from "../bench/mod.ts";
import { hasTeacher, teacherFolder } from "../models/teacher.ts";
import { projectPath, writeFileAtomic } from "../process/mod.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

/** Texts a call and texts a batch: one text, one batch, a corpus in batches. */
const SIZES = "1x1,64x64,512x64";
const FULL_TURNS = { blocks: 20, blockMs: 300, minSteps: 4 };
const QUICK_TURNS = { blocks: 6, blockMs: 100, minSteps: 2 };

/** Options of a command line. */
export function benchTeacherOptions(args: string[]): { output: string; options: TeacherBenchmarkOptions } {
  const { values } = parseCommand(args, {
    quick: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    sizes: { type: "string", default: SIZES },
    wait: { type: "string", default: "30" },
    output: { type: "string", default: "" },
  });
  const name = values.quick ? "teacher-quick.json" : "teacher.json";
  const threads = count("threads", values.threads);
  return {
    output: values.output || projectPath("reports", "benchmarks", name),
    options: {
      sizes: values.sizes.split(",").map((size) => {
        const [texts, batchSize] = size.split("x");
        return { texts: count("sizes", texts), batchSize: count("sizes", batchSize), threads };
      }),
      attempts: values.quick ? 1 : 3,
      quietMs: count("wait", values.wait) * 1000,
      turns: values.quick ? QUICK_TURNS : FULL_TURNS,
      peerPython: process.env.PEER_PYTHON || null,
    },
  };
}

function count(name: string, text: string | undefined): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  const form = name === "sizes" ? "TEXTSxBATCH, integers from 1" : "an integer from 1";
  throw new CommandError(`Cannot benchmark: expected --${name} to be ${form}, got "${text ?? ""}"`);
}

/** Runs `deno task bench:teacher`; writes reports/benchmarks/teacher.json, or teacher-quick.json with --quick. */
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
  const result = await runTeacherBenchmark({
    ...options,
    signal,
    onCell: ({ texts, batchSize, verdict }, done, total) =>
      terminal.live(`${done} of ${total} sizes measured: ${texts} x ${batchSize} ${verdict}`, false),
  });
  await writeFileAtomic(output, `${JSON.stringify(result)}\n`);
  terminal.line(teacherTable(result));
  terminal.line(`\nWritten to ${output}`);
  return 0;
}

if (import.meta.main) await runCommand((args, signal) => benchTeacherMain(args, ownTerminal(), signal));
