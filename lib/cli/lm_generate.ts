// deno task lm generate: text from a language model, streamed to the terminal. The answer goes to standard output, all else to standard
// error, so that it can be piped on.

import { resolve } from "node:path";
import type { ChatMessage, LanguageTokenizer } from "../data/mod.ts";
import { openLanguageTokenizer } from "../data/mod.ts";
import {
  type CausalModel,
  type FinishReason,
  generateText,
  type GenerationStatistics,
  type Prompt,
  readEndTokens,
} from "../language/mod.ts";
import { type Adapter, readAdapter } from "../train/mod.ts";
import { gigabytes } from "./amounts.ts";
import { CommandError, INTERRUPTED_EXIT_CODE } from "./command.ts";
import { forUser, lmFolder } from "./lm_folder.ts";
import { type GenerateCommand, parseGenerateCommand } from "./lm_options.ts";
import type { Terminal } from "./terminal.ts";

/** A model that is open. */
export interface OpenModel extends CausalModel {
  readonly weightBytes: number;
  release(): Promise<void>;
}

/** How a model is opened. */
export interface OpenOptions extends Pick<GenerateCommand, "weights" | "provider" | "threads"> {
  signal: AbortSignal;
  /** What the model computes with beside its weights. */
  adapter?: Adapter;
  /** Values of the weights converted so far and in all. */
  onProgress(done: number, total: number): void;
}

/** What the command works with; tests give their own. */
export interface LmContext {
  /** Where progress and statistics go. */
  terminal: Terminal;
  /** Writes a piece of the answer; done when it is out. */
  write(text: string): void | Promise<void>;
  /** Whether what is written is read by a person: then control characters of the answer are left out. */
  isTerminal: boolean;
  /** All of standard input; null when it is a terminal. */
  readInput(): Promise<string | null>;
  signal: AbortSignal;
  openModel(folder: string, options: OpenOptions): Promise<OpenModel>;
}

/** Runs `deno task lm generate`. */
export async function generateMain(args: string[], context: LmContext): Promise<number> {
  const command = parseGenerateCommand(args);
  const folder = lmFolder(command.model);
  const prompt = command.prompt ?? await context.readInput();
  if (prompt === null || prompt.trim() === "") {
    throw new CommandError("Cannot generate: expected a prompt in quotes or on standard input, got none");
  }
  try {
    return await run(prompt, folder, command, context);
  } catch (error) {
    throw forUser(error);
  }
}

async function run(prompt: string, folder: string, command: GenerateCommand, context: LmContext): Promise<number> {
  const { terminal, signal, write, isTerminal } = context;
  const { weights, provider, threads } = command;
  const startMs = performance.now();
  const progress = progressOn(terminal, isTerminal && command.report !== "none");
  progress(`Loading ${folder} in ${weights}`);
  const tokenizer = await openLanguageTokenizer(folder);
  const endTokens = await readEndTokens(folder) ?? undefined;
  const adapter = command.adapter === null ? undefined : await readAdapter(resolve(command.adapter));
  const model = await context.openModel(folder, {
    adapter,
    weights,
    provider,
    threads,
    signal,
    onProgress: (done, total) => progress(`Loading ${folder} in ${weights}: ${Math.floor(done / total * 100)}%`),
  });
  try {
    checkVocabulary(model, tokenizer, folder);
    const loadMs = performance.now() - startMs;
    const generation = generateText(model, tokenizer, promptOf(prompt, command, tokenizer), {
      ...command.options,
      endTokens,
      signal,
      onPrompt: (done, total) => done < total && progress(`Reading the prompt: ${done} of ${total} tokens`),
    });
    progress("");
    for await (const piece of generation) {
      progress("");
      await write(isTerminal ? printable(piece) : piece);
    }
    progress("");
    await write("\n");
    const { finish, statistics } = await generation.result();
    for (const line of statisticsLines({ statistics, finish, loadMs, model, command })) terminal.line(line);
    return finish === "aborted" ? INTERRUPTED_EXIT_CODE : 0;
  } finally {
    await model.release();
  }
}

/** Shows a line that the answer, and nothing else, takes the place of: an empty text removes it. */
function progressOn(terminal: Terminal, isShown: boolean): (text: string) => void {
  let before = "";
  return (text) => {
    if (isShown && text !== before) terminal.live(text, false);
    before = text;
  };
}

function checkVocabulary({ config }: CausalModel, { vocabularySize }: LanguageTokenizer, folder: string): void {
  if (vocabularySize <= config.vocabSize) return;
  throw new CommandError(
    `Cannot open ${folder}: expected a tokenizer of at most ${config.vocabSize} tokens, as the model has, got ${vocabularySize}`,
  );
}

function promptOf(text: string, { chat, system }: GenerateCommand, { chatTemplate }: LanguageTokenizer): Prompt {
  if (!(chat ?? chatTemplate !== null)) {
    if (system === null) return text;
    throw new CommandError("Cannot generate: expected a model with a chat template for --system, got one without");
  }
  const user: ChatMessage = { role: "user", content: text };
  return system === null ? [user] : [{ role: "system", content: system }, user];
}

/** Text without what a terminal would obey. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- an answer must not move the cursor or change colours
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

const ENDS: Readonly<Record<FinishReason, string>> = {
  endToken: "the model ended it",
  stopText: "ended by a stop text",
  maxTokens: "ended by --max-tokens",
  context: "ended by the model's context",
  aborted: "interrupted",
};

const rate = (value: number | null) => (value === null ? "" : `, ${value.toFixed(1)}/s`);
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** What is told of a generation. */
export function statisticsLines({ statistics, finish, loadMs, model, command }: {
  statistics: GenerationStatistics;
  finish: FinishReason;
  loadMs: number;
  model: { weightBytes: number };
  command: Pick<GenerateCommand, "report" | "weights">;
}): string[] {
  if (command.report === "none") return [];
  const { promptTokens, generatedTokens, timeToFirstTokenMs, peakRssBytes } = statistics;
  const prompt = `${promptTokens} prompt tokens${rate(statistics.promptTokensPerSecond)}`;
  const answer = `${generatedTokens} tokens${rate(statistics.generationTokensPerSecond)}`;
  if (command.report === "line") return [`${prompt}; ${answer}; ${gigabytes(peakRssBytes)} at most; ${ENDS[finish]}`];
  return [
    `loading       ${seconds(loadMs)}, weights of ${gigabytes(model.weightBytes)} in ${command.weights}`,
    `prompt        ${prompt}`,
    `first token   ${timeToFirstTokenMs === null ? "none" : `after ${seconds(timeToFirstTokenMs)}`}`,
    `generation    ${answer}`,
    `memory        ${gigabytes(peakRssBytes)} at most`,
    `end           ${ENDS[finish]}`,
  ];
}
