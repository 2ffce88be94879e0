// deno task bench: run FILE.onnx measures any model on every provider at hand, compare A B says how two records differ, aa says what
// the intervals of comparisons are worth on this machine.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  BenchFiles,
  benchGrid,
  type BenchRecord,
  comparePairs,
  comparisonTable,
  defaultBatch,
  parseBenchFile,
  parseProvider,
  recordTable,
  watchAccelerator,
} from "../bench/mod.ts";
import { projectPath } from "../process/mod.ts";
import { ALL_OPTIONS, COMPARE_OPTIONS, filePath, RUN_OPTIONS, runSettings } from "./bench_settings.ts";
import { aaMain } from "./bench_aa.ts";
import { benchPeer, requirePeer } from "./bench_peer.ts";
import { CommandError, parseCommand, runCommand } from "./command.ts";
import { ownTerminal, type Terminal } from "./terminal.ts";

const COMMANDS = ["run", "compare", "aa"] as const;
const USAGE = "run FILE.onnx, compare A.json B.json, or aa";

/** Runs `deno task bench`. */
export async function benchMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const [command, ...rest] = args;
  if (!COMMANDS.includes(command as typeof COMMANDS[number])) {
    parseCommand(args.filter((arg) => arg.startsWith("-")), ALL_OPTIONS); // --help, or an unknown option
    throw new CommandError(`Cannot benchmark: expected ${USAGE}, got ${command ? `"${command}"` : "nothing"}`);
  }
  if (command === "run") return await asCommand(() => runMain(rest, terminal, signal));
  if (command === "compare") return await asCommand(() => Promise.resolve(compareMain(rest, terminal)));
  return await asCommand(() => aaMain(rest, terminal, signal));
}

/** What a user gave wrongly is told in one sentence. */
async function asCommand(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const told = (error instanceof RangeError || error instanceof TypeError) && error.message.startsWith("Cannot ");
    throw told ? new CommandError(error.message, { cause: error }) : error;
  }
}

async function runMain(args: string[], terminal: Terminal, signal?: AbortSignal): Promise<number> {
  const { values, positionals } = parseCommand(args, RUN_OPTIONS);
  if (positionals.length !== 1) {
    throw new CommandError(`Cannot benchmark: expected one .onnx file, got ${positionals.join(" ") || "none"}`);
  }
  const file = filePath(positionals[0]);
  const peerPython = values.peer ? requirePeer() : null;
  const { providers, isDefault, batchSizes: asked, sizes, settings } = runSettings(values);
  const batchSizes = asked ?? [defaultBatch({ file, sizes })];
  const files = new BenchFiles();
  const accelerator = await watchAccelerator();
  const done: BenchRecord[] = [];
  const total = providers.length * batchSizes.length;
  const output = values.output || projectPath("reports", "benchmarks", `${basename(file).replace(/\.onnx$/, "")}.json`);
  try {
    await benchGrid({
      subject: { file, sizes },
      providers,
      batchSizes,
      ...settings,
      accelerator,
      signal,
      onSamples: files.take,
      onProgress: ({ provider, batchSize, run, runs, phase, calls }) => {
        const at = calls
          ? ` for ${(calls.elapsedMs / 1000).toFixed(0)} s, ${calls.callMs.toPrecision(3)} ms a call`
          : "";
        const which = `${done.length + 1} of ${total}: ${provider} x ${batchSize}, process ${run} of ${runs}`;
        terminal.live(`${which}, ${phase}${at}`, false);
      },
      async onRecord(record) {
        done.push(record);
        await files.write(output, done);
      },
    });
  } finally {
    await accelerator.stop();
  }
  terminal.line(recordTable(done));
  terminal.line(`\nWritten to ${output}`);
  if (peerPython !== null) {
    const { threads } = done.find(({ provider }) => provider.name === "cpu") ?? done[0];
    await benchPeer({ file, sizes, batchSizes, threads, peerPython }, values, { terminal, signal });
  }
  // A provider that was asked for by name and could not be measured is a failure; one that is merely not here is none.
  const failed = done.some(({ outcome }) => outcome === "failed" || outcome === "wrong");
  const missing = !isDefault && done.some(({ outcome }) => outcome === "absent" || outcome === "unsupported");
  return failed || missing ? 1 : 0;
}

/** Records of `FILE.json`, or of `FILE.json#provider`. */
function recordsOf(text: string): BenchRecord[] {
  const [, path, provider] = /^(.*?)(?:#([^#]+))?$/.exec(text)!;
  const { records } = parseBenchFile(readFileSync(filePath(path), "utf8"), basename(path));
  if (provider === undefined) return records;
  parseProvider(provider);
  const chosen = records.filter(({ providerLabel }) => providerLabel === provider);
  if (chosen.length > 0) return chosen;
  const there = [...new Set(records.map(({ providerLabel }) => providerLabel))].join(", ");
  throw new CommandError(`Cannot compare: expected a provider of ${basename(path)} (${there}), got ${provider}`);
}

/** Exit code 1 when nothing could be compared. */
function compareMain(args: string[], terminal: Terminal): number {
  const { positionals } = parseCommand(args, COMPARE_OPTIONS);
  if (positionals.length !== 2) {
    throw new CommandError(
      "Cannot compare: expected two files of records, A.json and B.json (or FILE.json#cpu for one provider)",
    );
  }
  const [first, second] = positionals.map(recordsOf);
  const { pairs, alone } = comparePairs(first, second);
  for (const { providerLabel, batchSize } of alone) {
    terminal.line(
      `Cannot compare ${providerLabel} x ${batchSize}: B has no record of that subject, scenario and batch`,
    );
  }
  if (pairs.length > 0) terminal.line(comparisonTable(pairs));
  return pairs.some(({ comparison }) => comparison !== null) ? 0 : 1;
}

if (import.meta.main) {
  await runCommand((args, signal) => benchMain(args, ownTerminal(), signal));
}
