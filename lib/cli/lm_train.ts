// deno task lm train: adapters to a language model, or all of its parameters, trained on texts; checkpoints on the way, Ctrl-C keeps one.

import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type LanguageTokenizer, openLanguageTokenizer } from "../data/mod.ts";
import {
  fineTune,
  type FineTunePrepared,
  type FineTuneResult,
  type FineTuneRun,
  type Iteration,
  type LanguageData,
  languageData,
  readTrainingTexts,
  type SpeedWindow,
} from "../language/mod.ts";
import { readLfm2Folder } from "../models/lfm2/base_weights.ts";
import { writeLfm2Folder } from "../models/lfm2/write.ts";
import { modelNotice, writeModelNotice } from "../models/model_notice.ts";
import {
  type AdapterFormat,
  adapterOf,
  type CheckpointSidecar,
  loadWeights,
  type LoraPlan,
  readAdapter,
  readSidecar,
  saveAdapter,
} from "../train/mod.ts";
import { gigabytes, inDigits, thousands } from "./amounts.ts";
import { CommandError, INTERRUPTED_EXIT_CODE } from "./command.ts";
import { forUser, lmFolder } from "./lm_folder.ts";
import { parseTrainCommand, type TrainCommand } from "./lm_train_options.ts";
import type { Terminal } from "./terminal.ts";

/** What the command works with; tests give their own. */
export interface TrainContext {
  terminal: Terminal;
  signal: AbortSignal;
}

/** Folder of the checkpoint in the output. */
const CHECKPOINT = "checkpoint";

/** Runs `deno task lm train`. */
export async function trainMain(args: string[], context: TrainContext): Promise<number> {
  const command = parseTrainCommand(args);
  const folder = lmFolder(command.model);
  try {
    return await run(folder, command, context);
  } catch (error) {
    throw forUser(error);
  }
}

async function run(folder: string, command: TrainCommand, { terminal, signal }: TrainContext): Promise<number> {
  const config = await readLfm2Folder(folder);
  const tokenizer = await openLanguageTokenizer(folder);
  const data = await readData(command, tokenizer, config.contextLength);
  for (const line of dataLines(data)) terminal.line(line);
  const out = resolve(command.out);
  const adapter = command.adapter === null ? undefined : await readAdapter(resolve(command.adapter));
  const checkpointDir = join(out, CHECKPOINT);
  const earlier = command.resume ? null : await readSidecar(checkpointDir);
  let plan: LoraPlan | null = null;
  const training = fineTune({
    model: { config, weights: command.scratch ? null : folder },
    data,
    ...(command.lora && { lora: command.lora, baseFormat: command.baseFormat, adapter }),
    settings: command.settings,
    checkpointDir,
    checkpointEvery: command.saveEvery,
    resume: command.resume,
    signal,
    onPrepared: (prepared) => {
      plan = prepared.plan;
      for (const line of preparedLines(prepared)) terminal.line(line);
    },
    onProgress: (done, total) => terminal.live(`Loading the weights: ${Math.floor(done / total * 100)}%`, false),
  });
  const report = reporter(terminal, command);
  const result = await finished(training, report).catch(async (error) => {
    throw await explained(error, { out, plan, earlier, baseModel: folder, format: command.format });
  });
  if (result.stopped === "aborted") {
    terminal.line(`Interrupted after iteration ${result.iterations.length}; the same command goes on from ${out}`);
    return INTERRUPTED_EXIT_CODE;
  }
  await save(result, { out, folder, command });
  for (const line of resultLines(result)) terminal.line(line);
  terminal.line(`Saved in ${out}`);
  return 0;
}

async function finished(training: FineTuneRun, report: (iteration: Iteration) => void): Promise<FineTuneResult> {
  for await (const iteration of training) report(iteration);
  return await training.result;
}

/** What is known of a run that failed. */
interface Failed {
  out: string;
  plan: LoraPlan | null;
  /** The checkpoint of another run, which this one was to replace. */
  earlier: CheckpointSidecar | null;
  baseModel: string;
  format: AdapterFormat;
}

/** Why a run failed, with what is left of it and what can be done. */
async function explained(error: unknown, { out, plan, earlier, baseModel, format }: Failed): Promise<unknown> {
  if (!(error instanceof Error)) return error;
  if (error.message.startsWith("Cannot resume")) {
    return new CommandError(error.message.replace("another folder or resume: false", "another --out, or --no-resume"));
  }
  if (!error.message.startsWith("Training diverged")) return error;
  const folder = join(out, CHECKPOINT);
  const sidecar = await readSidecar(folder);
  const isOwn = sidecar !== null && JSON.stringify(sidecar) !== JSON.stringify(earlier);
  const said = [error.message];
  if (isOwn) said.push(`the checkpoint of iteration ${sidecar.step} stays in ${folder}`);
  if (isOwn && sidecar.weights && plan !== null) {
    await saveAdapter(out, adapterOf(plan, await loadWeights(folder), { baseModel }), { format });
    said.push(`the adapter of its best validation is saved, for --adapter ${out}`);
  }
  return new CommandError([...said, "a lower --learning-rate begins in another --out, or with --no-resume"].join("; "));
}

async function readData(
  { data, heldOut, settings: { seed }, layout }: TrainCommand,
  tokenizer: LanguageTokenizer,
  contextLength: number,
): Promise<LanguageData> {
  const texts = await readTrainingTexts(resolve(data), { heldOut, seed });
  // The last token is only predicted, never read.
  const most = Math.min(layout.maxLength!, contextLength + 1);
  try {
    return languageData(texts, tokenizer, { ...layout, maxLength: most });
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.includes(`expected at most ${most} tokens`)) throw error;
    const limit = most <= contextLength ? "--max-length allows more" : `the model reads ${contextLength}`;
    throw new CommandError(`${error.message}; ${limit}, --cut cuts the end off`);
  }
}

function dataLines({ texts, train, validation, test, learnedTokens, isPacked }: LanguageData): string[] {
  const tokens = (rows: Uint32Array) => rows.reduce((sum, row) => sum + learnedTokens[row], 0);
  const part = (name: string, count: number, rows: Uint32Array) =>
    `${name} ${thousands(count)} texts${isPacked ? ` in ${thousands(rows.length)} rows` : ""}, ${
      thousands(tokens(rows))
    } tokens to learn`;
  return [
    part("training  ", texts.train, train),
    part("validation", texts.validation, validation),
    ...(texts.test > 0 ? [part("test      ", texts.test, test)] : []),
  ];
}

/** What is trained, told before the first iteration. */
function preparedLines(
  { plan, trainableParameters, totalParameters, expectedPeakBytes }: FineTunePrepared,
): string[] {
  const share = inDigits(100 * trainableParameters / totalParameters);
  const count = `${thousands(trainableParameters)} of ${thousands(totalParameters)} parameters (${share}%)`;
  const adapters = plan === null
    ? ""
    : `: rank ${plan.rank}, alpha ${plan.alpha}, ${plan.targets.length} linear layers`;
  const memory = expectedPeakBytes === null ? [] : [`memory     ${gigabytes(expectedPeakBytes)} expected at most`];
  return [`trained    ${count}${adapters}`, ...memory];
}

/** Tells iterations: the mean of the last so many, and every validation. */
function reporter(terminal: Terminal, { reportEvery, settings: { iterations: total } }: TrainCommand) {
  let since: Iteration[] = [];
  return (iteration: Iteration) => {
    since.push(iteration);
    const isDue = iteration.iteration % reportEvery === 0 || iteration.iteration === total;
    if (isDue) terminal.line(iterationLine(since, total));
    if (isDue) since = [];
    if (iteration.validationLoss === null) return;
    const { validationLoss } = iteration;
    terminal.line(
      `iteration ${iteration.iteration}: validation loss ${validationLoss.toFixed(4)}, perplexity ${
        inDigits(Math.exp(validationLoss), 4)
      }`,
    );
  };
}

function iterationLine(iterations: readonly Iteration[], total: number): string {
  const last = iterations.at(-1)!;
  const sum = (of: (iteration: Iteration) => number) => iterations.reduce((total, one) => total + of(one), 0);
  const seconds = sum((one) => one.seconds);
  const tokens = sum((one) => one.tokens);
  return [
    `iteration ${last.iteration} of ${total}: loss ${(sum((one) => one.loss) / iterations.length).toFixed(4)}`,
    `learning rate ${last.learningRate.toExponential(2)}`,
    `${inDigits(iterations.length / seconds)} iterations/s`,
    `${inDigits(tokens / seconds)} tokens/s`,
    `${gigabytes(last.peakRssBytes)} at most`,
  ].join(", ");
}

async function save(
  { adapter, weights }: FineTuneResult,
  { out, folder, command: { format } }: { out: string; folder: string; command: TrainCommand },
): Promise<void> {
  if (adapter === null) {
    const config = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
    return await writeLfm2Folder(out, { config, weights, origin: folder });
  }
  await saveAdapter(out, adapter, { format });
  const notice = modelNotice(folder);
  if (notice) await writeModelNotice(out, notice, "LoRA adapter trained by Latent Lab");
}

function resultLines({ best, windows, peakRssBytes }: FineTuneResult): string[] {
  const lines = best === null ? [] : [
    `kept       iteration ${best.iteration}, validation loss ${best.validationLoss.toFixed(4)}`,
  ];
  return [...lines, ...windows.map(windowLine), `memory     ${gigabytes(peakRssBytes)} at most`];
}

function windowLine({ from, to, iterationsPerSecond: speed, tokensPerSecond: tokens }: SpeedWindow): string {
  const { low, high } = speed.interval;
  return `${`${from + 1}-${to}`.padEnd(10)} ${inDigits(speed.value)} iterations/s [${inDigits(low)}, ${
    inDigits(high)
  }], ${inDigits(tokens.value)} tokens/s`;
}
