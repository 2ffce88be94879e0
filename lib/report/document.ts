// A report as plain data. Everything that is written (Markdown, HTML, results.json) is a pure function of it.

import type { MachineFacts, ResultRecord, RunIdentity, Unanswered } from "../record/mod.ts";
import type { TableFilter } from "./html_filter.ts";

/**
 * How a record is shown.
 * - `auto`: value, unit and, where there is one, the interval: "0.943 [0.941, 0.945]"
 * - `value`: value and unit only
 * - `full`: as `auto`, followed by the number of samples: "0.943 [0.941, 0.945] (n = 5)"
 * - `percent`: a ratio (unit "1") in percent: "94.3% [94.1%, 94.5%]"
 */
export type RecordFormat = "auto" | "value" | "full" | "percent";

/** How a record is shown at one place. */
export interface RecordStyle {
  /** Significant digits of the value, 1 to 15; without it the interval decides. */
  digits?: number;
  format?: RecordFormat;
}

/** A piece of a sentence, a caption or a table cell. Numbers occur only as `record` and `parameter`, or inside `code`. */
export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong"; children: Inline[] }
  | { kind: "emphasis"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] }
  | { kind: "record"; id: string } & RecordStyle
  | { kind: "parameter"; value: ParameterValue };

/** A setting that the author chose: a width, a seed, the name of a configuration. */
export type ParameterValue = number | string | boolean;

/** A column of a table. `unit` is filled in by the renderer when every record in the column has the same one. */
export interface TableColumn {
  label: Inline[];
  align: "auto" | "left" | "right";
}

/** A figure for plotly.js. */
export interface PlotlyFigure {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
}

/** Where a block comes from. */
export interface Placed {
  /** The code cell that added it, counted from 1 as "Run All" counts; absent where nobody knows, as in a kernel. */
  cell?: number;
}

export interface HeadingBlock extends Placed {
  kind: "heading";
  /** 2 or 3; the report's title is the only heading of level 1. */
  level: 2 | 3;
  text: string;
}
export interface ParagraphBlock extends Placed {
  kind: "paragraph";
  content: Inline[];
}
export interface ListBlock extends Placed {
  kind: "list";
  ordered: boolean;
  items: Inline[][];
}
export interface TableBlock extends Placed {
  kind: "table";
  id: string;
  caption: Inline[];
  columns: TableColumn[];
  /** One array of inlines per cell; an empty cell is an empty array. */
  rows: Inline[][][];
  /** Rows can be filtered in index.html. */
  filter?: TableFilter;
}
export interface FigureBlock extends Placed {
  kind: "figure";
  id: string;
  caption: Inline[];
  /** What the figure shows, for those who do not see it; inline code is allowed. */
  alt: string;
  figure: PlotlyFigure;
  /** Ids of the records behind the figure. */
  records: string[];
  /** Size of the static image in CSS pixels. */
  width: number;
  height: number;
}
export interface CalloutBlock extends Placed {
  kind: "callout";
  tone: "finding" | "note" | "warning";
  content: Inline[];
}
export interface CodeBlock extends Placed {
  kind: "code";
  language: string;
  text: string;
}

/** What a report is made of, in reading order. */
export type Block =
  | HeadingBlock
  | ParagraphBlock
  | ListBlock
  | TableBlock
  | FigureBlock
  | CalloutBlock
  | CodeBlock;

/** A report as plain data: JSON in, JSON out. */
export interface ReportDocument {
  /** Folder and notebook name: "02-lnsp-size-analysis". */
  name: string;
  title: string;
  /** "smoke", "quick" or "full". */
  scale: string;
  parameters: Record<string, unknown>;
  /** Every machine that a record names; the first one made the report. */
  machines: MachineFacts[];
  /** Null when the report was made interactively. */
  identity: RunIdentity | null;
  /** The command that makes the report again. */
  rerun: string;
  blocks: Block[];
  /** In order of first use, each id once. */
  records: ResultRecord[];
  unanswered: Unanswered[];
  /** The code cell that made each of `records`, in their order; null or absent where nobody knows. */
  recordCells?: (number | null)[];
}

/** The records of a document by id. */
export function recordsById(document: ReportDocument): Map<string, ResultRecord> {
  return new Map(document.records.map((record) => [record.id, record]));
}

/**
 * The number of every table and figure, by block id: tables and figures are counted apart, from 1, in the order of the document.
 */
export function blockNumbers(document: ReportDocument): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const kind of ["table", "figure"] as const) {
    let next = 1;
    for (const block of document.blocks) if (block.kind === kind) numbers.set(block.id, next++);
  }
  return numbers;
}

/** Every inline of `content`, children included, in reading order. */
function* walkInlines(content: readonly Inline[]): Generator<Inline> {
  for (const inline of content) {
    yield inline;
    if ("children" in inline) yield* walkInlines(inline.children);
  }
}

/** The ids of the records that a block shows, in reading order, each once. */
export function blockRecordIds(block: Block): string[] {
  const contents: Inline[][] = block.kind === "paragraph" || block.kind === "callout"
    ? [block.content]
    : block.kind === "list"
    ? block.items
    : block.kind === "table"
    ? [block.caption, ...block.rows.flat()]
    : block.kind === "figure"
    ? [block.caption]
    : [];
  const ids = contents.flatMap((content) =>
    [...walkInlines(content)].flatMap((inline) => (inline.kind === "record" ? [inline.id] : []))
  );
  if (block.kind === "figure") ids.push(...block.records);
  return [...new Set(ids)];
}

/** The code cell that made each record, by record id; records of which nobody knows are left out. */
export function cellsByRecord({ records, recordCells = [] }: ReportDocument): Map<string, number> {
  return new Map(records.flatMap(({ id }, i) => recordCells[i] == null ? [] : [[id, recordCells[i]] as const]));
}

/** The blocks with an id, tables and figures, that show each record, by record id, in the order of the document. */
export function blocksByRecord(document: ReportDocument): Map<string, (TableBlock | FigureBlock)[]> {
  const found = new Map<string, (TableBlock | FigureBlock)[]>();
  for (const block of document.blocks) {
    if (block.kind !== "table" && block.kind !== "figure") continue;
    for (const id of blockRecordIds(block)) found.set(id, [...found.get(id) ?? [], block]);
  }
  return found;
}
