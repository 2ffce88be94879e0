// Texts to train a language model on, as mlx-lm takes them: JSON Lines of conversations, prompts with completions, or plain texts.

import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { random } from "../../statistics/mod.ts";
import type { ChatMessage } from "../../data/mod.ts";

/** Forms of a line: `{"messages": […]}`, `{"prompt": …, "completion": …}`, `{"text": …}`. All lines of a folder have one form. */
export const TEXT_FORMS = ["chat", "completion", "text"] as const;
/** One of them. */
export type TextForm = typeof TEXT_FORMS[number];

/** A line: a conversation, of which a prompt with its completion is one, or a text. */
export interface TrainingText {
  /** Null for a plain text. */
  readonly messages: readonly ChatMessage[] | null;
  /** Null for a conversation. */
  readonly text: string | null;
  /** JSON schemas of functions, for the chat template. */
  readonly tools?: readonly unknown[];
  /** File and line, for messages: `train.jsonl, line 3`. */
  readonly place: string;
}

/** Texts by what they are for. */
export interface TrainingTexts {
  readonly form: TextForm;
  readonly train: readonly TrainingText[];
  readonly validation: readonly TrainingText[];
  /** Empty where there is no `test.jsonl`. */
  readonly test: readonly TrainingText[];
  /** Whether the validation texts were taken out of the training texts. */
  readonly isHeldOut: boolean;
}

/** Options of {@link readTrainingTexts}. */
export interface TrainingTextOptions {
  /** Share of the training texts that is held out where there is no `valid.jsonl`, in (0, 1); at least one text. Default 0.1. */
  heldOut?: number;
  /** Of which texts are held out. Default 0. */
  seed?: number;
}

const message = z.looseObject({ role: z.string().min(1) });
const tools = { tools: z.array(z.unknown()).nullish() };
const SCHEMAS = {
  completion: z.looseObject({ prompt: z.string(), completion: z.string(), ...tools }),
  chat: z.looseObject({ messages: z.array(message).min(1), ...tools }),
  text: z.looseObject({ text: z.string() }),
};
/** What a line of each form has. */
const NAMES = { chat: ["messages"], completion: ["prompt", "completion"], text: ["text"] } as const;
const FIELDS = '"messages", "prompt" and "completion", or "text"';

/**
 * Reads texts.
 *
 * @param path a folder with `train.jsonl`, and `valid.jsonl` and `test.jsonl` where they are; or one `.jsonl` file, of which a part is held out
 * @throws {RangeError} when a file is missing, has no line, or has too few to hold one out
 * @throws {TypeError} for a line that is no JSON or has none of the forms, naming file and line
 *
 * @example
 * ```ts
 * import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { readTrainingTexts } from "lib/language/mod.ts";
 * const folder = mkdtempSync(join(tmpdir(), "texts-"));
 * writeFileSync(join(folder, "all.jsonl"), '{"text": "In the beginning"}\n{"text": "was the word"}\n');
 * const { form, train, validation } = await readTrainingTexts(join(folder, "all.jsonl"));
 * if (form !== "text" || train.length !== 1 || validation.length !== 1) throw new Error("one of two is held out");
 * rmSync(folder, { recursive: true });
 * ```
 */
export async function readTrainingTexts(path: string, options: TrainingTextOptions = {}): Promise<TrainingTexts> {
  if (!existsSync(path)) {
    throw new RangeError(`Cannot read training texts: expected a file or folder at ${path}, got none`);
  }
  if (!statSync(path).isDirectory()) {
    const { form, texts } = await readFileOfTexts(path, null);
    return { form, ...holdOut(texts, path, options), test: [], isHeldOut: true };
  }
  const file = (name: string) => join(path, `${name}.jsonl`);
  if (!existsSync(file("train"))) {
    throw new RangeError(`Cannot read training texts: expected train.jsonl in ${path}, got none`);
  }
  const { form, texts } = await readFileOfTexts(file("train"), null);
  const test = existsSync(file("test")) ? (await readFileOfTexts(file("test"), form)).texts : [];
  if (!existsSync(file("valid"))) return { form, ...holdOut(texts, file("train"), options), test, isHeldOut: true };
  return { form, train: texts, validation: (await readFileOfTexts(file("valid"), form)).texts, test, isHeldOut: false };
}

/**
 * Texts of one's own, for a notebook: as a file of `{"text": …}` lines with a part held out.
 *
 * @param texts at least two
 * @throws {RangeError} when there are fewer
 */
export function trainingTexts(texts: readonly string[], options: TrainingTextOptions = {}): TrainingTexts {
  const lines = texts.map((text, i): TrainingText => ({ messages: null, text, place: `text ${i + 1}` }));
  return { form: "text", ...holdOut(lines, "the texts", options), test: [], isHeldOut: true };
}

/** Takes a share out of the texts; both parts keep the order of the file. */
function holdOut(texts: readonly TrainingText[], path: string, { heldOut = 0.1, seed = 0 }: TrainingTextOptions) {
  if (!(heldOut > 0 && heldOut < 1)) {
    throw new RangeError(`Cannot hold out texts: expected a share between 0 and 1, got ${heldOut}`);
  }
  if (texts.length < 2) {
    throw new RangeError(`Cannot hold out a text of ${path}: expected at least 2 texts, got ${texts.length}`);
  }
  const count = Math.min(texts.length - 1, Math.max(1, Math.round(heldOut * texts.length)));
  const order = random(seed, "held out texts").shuffle(Uint32Array.from(texts.keys()));
  const chosen = new Set(order.subarray(0, count));
  return { train: texts.filter((_, i) => !chosen.has(i)), validation: texts.filter((_, i) => chosen.has(i)) };
}

/** The texts of a file; `form` is that of the files before it. */
async function readFileOfTexts(
  path: string,
  form: TextForm | null,
): Promise<{ form: TextForm; texts: TrainingText[] }> {
  const lines = (await readFile(path, "utf8")).replace(/^\ufeff/, "").split("\n");
  let expected = form;
  const texts: TrainingText[] = [];
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    const place = `${path}, line ${i + 1}`;
    const value = parsedLine(line, place);
    expected ??= formOf(value, place);
    texts.push(textOf(value, expected, place));
  });
  if (expected === null || texts.length === 0) {
    throw new RangeError(`Cannot train on ${path}: expected at least one text, got an empty file`);
  }
  return { form: expected, texts };
}

function parsedLine(line: string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const why = (error as Error).message.replace(/ in JSON at position \d+ \(line \d+ column (\d+)\)/, " at column $1");
    throw new TypeError(`Cannot read ${place}: expected JSON, got ${why}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError(
    `Cannot read ${place}: expected an object with ${FIELDS}, got ${JSON.stringify(value).slice(0, 60)}`,
  );
}

/** The form of the first line decides, as in mlx-lm. */
function formOf(value: Record<string, unknown>, place: string): TextForm {
  if ("prompt" in value && "completion" in value) return "completion";
  if ("messages" in value) return "chat";
  if ("text" in value) return "text";
  throw new TypeError(`Cannot read ${place}: expected the fields ${FIELDS}, got ${namesOf(value)}`);
}

const namesOf = (value: Record<string, unknown>) =>
  Object.keys(value).map((name) => `"${name}"`).join(", ") || "no field";

function textOf(value: Record<string, unknown>, form: TextForm, place: string): TrainingText {
  const missing = NAMES[form].find((name) => !(name in value));
  if (missing !== undefined) {
    throw new TypeError(`Cannot read ${place}: expected "${missing}" as in the lines before, got ${namesOf(value)}`);
  }
  const parsed = SCHEMAS[form].safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TypeError(`Cannot read ${place}: ${issue.path.join(".") || "the line"}: ${issue.message}`);
  }
  if (form === "text") return { messages: null, text: value.text as string, place };
  const given = (value.tools ?? null) as readonly unknown[] | null;
  const messages = form === "chat" ? value.messages as ChatMessage[] : [
    { role: "user", content: value.prompt as string },
    { role: "assistant", content: value.completion as string },
  ];
  return { messages, text: null, place, ...(given && { tools: given }) };
}
