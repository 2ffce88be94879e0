// Pooling parts of an A/A study: runs of one machine, provider and settings, measured one after another or in parallel on cores of
// their own.

import { z } from "zod";
import { machineFactsSchema } from "../../record/mod.ts";
import { type AaStudy, summarizeAa } from "./aa.ts";

/** A part with the name of its file, for messages. */
export interface NamedStudy {
  name: string;
  study: AaStudy;
}

const share = z.number().positive();
const trialSchema = z.strictObject({
  subject: z.string().min(1),
  slowdown: z.number().min(0),
  ratio: share,
  low: share,
  high: share,
});
const studySchema = z.looseObject({
  schemaVersion: z.literal(1),
  benchmark: z.literal("aa"),
  measuredAt: z.iso.datetime(),
  machine: machineFactsSchema,
  provider: z.string().min(1),
  pairs: z.number().int().min(2),
  turns: z.looseObject({ blocks: z.number().int().min(1), blockMs: share }),
  trials: z.array(trialSchema).min(1),
});

/**
 * Reads the file of a study.
 *
 * @param name of the file, for messages
 * @throws {TypeError} when it is no such file, is of another schema, or a field is wrong, naming the field
 */
export function parseAaStudy(text: string, name: string): AaStudy {
  const refuse = (why: string) => new TypeError(`Cannot read ${name}: ${why}`);
  let parsed: Partial<AaStudy> | null;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw refuse("expected JSON of an A/A study");
  }
  if (parsed?.benchmark !== "aa") throw refuse("expected an A/A study, as `deno task bench aa` writes it");
  if (parsed.schemaVersion !== 1) {
    throw refuse(`expected schema 1, got ${parsed.schemaVersion}: another version of this library wrote it`);
  }
  const { error } = studySchema.safeParse(parsed);
  if (!error) return parsed as AaStudy;
  const [{ path, message }] = error.issues;
  throw refuse(`${path.join(".")}: ${message}`);
}

/**
 * One study of the trials of several.
 *
 * @throws {RangeError} for fewer than two parts, parts of another machine, provider or settings, or the same part twice, naming the file
 *
 * @example
 * ```ts
 * import { joinAa, parseAaStudy } from "lib/bench/mod.ts";
 * try {
 *   joinAa([]);
 * } catch (error) {
 *   if (!/expected at least two studies, got 0/.test((error as Error).message)) throw error;
 * }
 * ```
 */
export function joinAa(parts: readonly NamedStudy[]): AaStudy {
  const [first, ...others] = parts;
  if (others.length === 0) {
    throw new RangeError(`Cannot join: expected at least two studies, got ${parts.length}`);
  }
  for (const part of others) {
    const reason = whyApart(first, part);
    if (reason) throw new RangeError(`Cannot join ${part.name} to ${first.name}: ${reason}`);
  }
  const seen = new Map<string, string>();
  for (const { name, study } of parts) {
    for (const { ratio, low, high } of study.trials) {
      // Numbers of sixteen digits: no two trials agree in all of them.
      const content = `${ratio} ${low} ${high}`;
      const same = seen.get(content);
      if (same !== undefined) throw new RangeError(`Cannot join ${name}: trials of it are in ${same} already`);
      seen.set(content, name);
    }
  }
  const trials = parts.flatMap(({ study }) => study.trials);
  // A share of slowdowns that were found says something of one slowdown only.
  const slowdowns = new Set(trials.map(({ slowdown }) => slowdown).filter((slowdown) => slowdown > 0));
  if (slowdowns.size > 1) {
    throw new RangeError(`Cannot join: expected one slowdown, got ${[...slowdowns].join(" and ")}`);
  }
  const measuredAt = parts.map(({ study }) => study.measuredAt).sort().at(-1)!;
  return {
    ...first.study,
    ...summarizeAa(trials),
    measuredAt,
    parts: parts.flatMap(({ study }) => study.parts ?? [{ measuredAt: study.measuredAt, trials: study.trials.length }]),
    trials,
  };
}

/** Why two studies are not of one kind; null when they are. */
function whyApart({ study: a }: NamedStudy, { study: b }: NamedStudy): string | null {
  const differ = (what: string, first: unknown, second: unknown) =>
    JSON.stringify(first) === JSON.stringify(second) ? null : `another ${what}: ${text(first)} and ${text(second)}`;
  const machine = a.machine.name === b.machine.name ? [a.machine.id, b.machine.id] : [a.machine.name, b.machine.name];
  return differ("machine", ...machine as [string, string]) ??
    differ("version of what runs it", a.machine.versions, b.machine.versions) ??
    differ("provider", a.provider, b.provider) ??
    differ("number of pairs", a.pairs, b.pairs) ??
    differ("length of turns", a.turns, b.turns);
}

const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
