// Sentences with records in them. A small subset of Markdown is read here, once: `code`, **strong**, *emphasis* and
// [link](target); everything else is plain text and is escaped by the renderers.

import type { ResultRecord } from "../record/mod.ts";
import type { Inline, ParameterValue, RecordStyle } from "./document.ts";

/** A record at one place of a report; the report stores the record and keeps its id here. */
export interface RecordCell extends RecordStyle {
  kind: "recordCell";
  record: ResultRecord;
}

/** A chosen setting at one place of a report. */
export interface ParameterCell {
  kind: "parameter";
  value: ParameterValue;
}

/** An inline that still holds its records: what an author makes, before a report stores it. */
export type Part =
  | Exclude<Inline, { kind: "record" | "strong" | "emphasis" | "link" }>
  | RecordCell
  | { kind: "strong" | "emphasis"; children: Part[] }
  | { kind: "link"; href: string; children: Part[] };

/** What may stand in a template, a caption or a table cell. A string is read as Markdown and must not hold digits outside `code`. */
export type Content = string | ResultRecord | RecordCell | ParameterCell | Part[];

/**
 * A record as a number in a sentence or a table.
 *
 * @throws {RangeError} when `digits` is not an integer from 1 to 15
 *
 * @example
 * ```ts
 * import { cell, formatInline, inline } from "lib/report/mod.ts";
 * import { record } from "lib/record/mod.ts";
 * const cosine = record({ id: "pca.cosine", quantity: "cosine", value: 0.94312, unit: "1" });
 * console.log(formatInline(inline`PCA keeps ${cell(cosine, { digits: 2 })}.`)); // PCA keeps 0.94.
 * ```
 */
export function cell(record: ResultRecord, style: RecordStyle = {}): RecordCell {
  if (!isRecord(record)) throw new TypeError(`Cannot make a cell: expected a record, got ${describe(record)}`);
  const { digits, format } = style;
  if (digits !== undefined && !(Number.isInteger(digits) && digits >= 1 && digits <= 15)) {
    throw new RangeError(`Cannot make a cell of ${record.id}: expected digits from 1 to 15, got ${digits}`);
  }
  if (format !== undefined && !["auto", "value", "full", "percent"].includes(format)) {
    throw new RangeError(
      `Cannot make a cell of ${record.id}: expected format "auto", "value", "full" or "percent", got "${format}"`,
    );
  }
  if (format === "percent" && record.unit !== "1") {
    throw new RangeError(`Cannot show ${record.id} in percent: expected unit "1", got "${record.unit}"`);
  }
  return { kind: "recordCell", record, ...(digits && { digits }), ...(format && { format }) };
}

/**
 * A number, name or switch that the author chose (a width, a seed), as opposed to one that was measured or computed.
 *
 * @throws {TypeError} when the value is not a finite number, a string or a boolean
 */
export function parameter(value: ParameterValue): ParameterCell {
  const fine = typeof value === "string" || typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value));
  if (!fine) {
    throw new TypeError(
      `Cannot make a parameter: expected a finite number, a string or a boolean, got ${describe(value)}`,
    );
  }
  return { kind: "parameter", value };
}

/**
 * A fragment of a sentence for captions, list items and table cells. Literal digits outside `code` spans are refused.
 *
 * @throws {RangeError} when the text holds a digit outside a code span
 * @throws {TypeError} when a bare number (or anything else that is no content) is interpolated
 *
 * @example
 * ```ts
 * import { inline, parameter } from "lib/report/mod.ts";
 * const caption = inline`Held-out cosine with ${parameter(192)} latent values (\`int8\` is a floor).`;
 * console.log(caption.length);
 * ```
 */
export function inline(strings: TemplateStringsArray, ...values: Content[]): Part[] {
  return parseTemplate(strings, values, "add text");
}

/** The paragraphs of a template: separated by empty lines, without empty ones. */
export function paragraphs(strings: TemplateStringsArray, values: readonly Content[]): Part[][] {
  const pieces: { strings: string[]; values: Content[] }[] = [{ strings: [""], values: [] }];
  strings.forEach((text, i) => {
    const [first, ...rest] = text.split(/\n\s*\n/);
    const last = pieces.at(-1)!;
    last.strings[last.strings.length - 1] += first;
    for (const part of rest) pieces.push({ strings: [part], values: [] });
    if (i < values.length) {
      pieces.at(-1)!.values.push(values[i]);
      pieces.at(-1)!.strings.push("");
    }
  });
  return pieces.map((piece) => parseTemplate(piece.strings, piece.values, "add text")).filter((parts) => parts.length);
}

/**
 * The parts of any content.
 *
 * @throws {RangeError | TypeError} as `inline`
 */
export function toParts(content: Content, action: string): Part[] {
  if (typeof content === "string") return parseTemplate([content], [], action);
  if (Array.isArray(content)) return content;
  if (isRecord(content)) return [cell(content)];
  const kind = (content as { kind?: unknown } | null)?.kind;
  if (kind === "recordCell" || kind === "parameter") return [content as RecordCell | ParameterCell];
  throw new TypeError(
    `Cannot ${action}: expected text, cell(record) or parameter(value), got ${describe(content)}`,
  );
}

/** Refuses digits outside `code` spans in text that is kept as a string (alternative texts, notes). */
export function refuseDigits(text: string, action: string): void {
  const outside = text.replace(/`[^`]*`/g, " ");
  const at = outside.search(/\p{N}/u);
  if (at < 0) return;
  const digit = String.fromCodePoint(outside.codePointAt(at)!);
  const around = outside.slice(Math.max(0, at - 24), at + 24).trim();
  throw new RangeError(
    `Cannot ${action}: found the digit ${digit} in "${around}"; ` +
      "write a number as cell(record) or parameter(value), and a name that holds digits as `code`",
  );
}

// A private-use character stands for an interpolated value while the text around it is parsed, so that **${value}** works.
const HOLE = "\uE000";

function parseTemplate(strings: readonly string[], values: readonly Content[], action: string): Part[] {
  const parts = values.map((value) => toParts(value, action));
  const text = strings.map((piece) => piece.replaceAll(HOLE, "")).join(HOLE).replace(/\s+/g, " ").trim();
  const queue = [...parts];
  return parseInlines(text, () => queue.shift()!, action);
}

const TOKEN = /\\([\\`*[\]])|`([^`]+)`|\*\*(.+?)\*\*|\*([^\s*](?:[^*]*[^\s*])?)\*|\[([^\]]+)\]\(([^)\s]+)\)/;

function parseInlines(text: string, nextValue: () => Part[], action: string): Part[] {
  const found = TOKEN.exec(text);
  if (!found) return plainText(text, nextValue, action);
  const [whole, escaped, code, strong, emphasis, label, href] = found;
  const before = plainText(text.slice(0, found.index), nextValue, action);
  const own = tokenParts({ escaped, code, strong, emphasis, label, href }, nextValue, action);
  const after = parseInlines(text.slice(found.index + whole.length), nextValue, action);
  return [...before, ...own, ...after];
}

function tokenParts(token: Record<string, string | undefined>, nextValue: () => Part[], action: string): Part[] {
  const { escaped, code, strong, emphasis, label, href } = token;
  if (escaped !== undefined) return [{ kind: "text", text: escaped }];
  if (code !== undefined) {
    if (code.includes(HOLE)) {
      throw new TypeError(`Cannot ${action}: a value stands inside a code span; end the span before it`);
    }
    return [{ kind: "code", text: code }];
  }
  if (strong !== undefined) return [{ kind: "strong", children: parseInlines(strong, nextValue, action) }];
  if (emphasis !== undefined) return [{ kind: "emphasis", children: parseInlines(emphasis, nextValue, action) }];
  return [{ kind: "link", href: checkHref(href!, action), children: parseInlines(label!, nextValue, action) }];
}

function plainText(text: string, nextValue: () => Part[], action: string): Part[] {
  if (text === "") return [];
  refuseDigits(text.replaceAll("`", "'"), action);
  const parts: Part[] = [];
  text.split(HOLE).forEach((piece, i) => {
    if (i > 0) parts.push(...nextValue());
    if (piece !== "") parts.push({ kind: "text", text: piece });
  });
  return parts;
}

function checkHref(href: string, action: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(href)?.[1].toLowerCase();
  if (href.includes(HOLE) || (scheme !== undefined && scheme !== "http" && scheme !== "https")) {
    throw new RangeError(`Cannot ${action}: expected a link to http, https or a relative path, got "${href}"`);
  }
  return href;
}

function isRecord(value: unknown): value is ResultRecord {
  return typeof value === "object" && value !== null && "schemaVersion" in value && "quantity" in value;
}

function describe(value: unknown): string {
  if (typeof value === "number") return `the bare number ${value} (use cell(record) or parameter(${value}))`;
  if (value === undefined) return "undefined";
  if (typeof value === "object") return value === null ? "null" : "an object";
  return `a ${typeof value}`;
}
