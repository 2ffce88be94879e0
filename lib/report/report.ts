// The recorder: what a notebook calls. It keeps blocks as plain data, stores every record once, and shows each block
// in the notebook as it is made.

import { canonicalJson } from "../process/mod.ts";
import { makingCell, mergeMachines, type NotMeasurableReason, type ResultRecord, runningCell } from "../record/mod.ts";
import { hasDisplay, show } from "./display.ts";
import type { Block, FigureBlock, Inline, ReportDocument, TableColumn } from "./document.ts";
import { checkFigure, figureSize, withTemplate } from "./figures/figure.ts";
import { type Content, paragraphs, type Part, refuseDigits, toParts } from "./inline.ts";
import { renderBlockMarkdown } from "./markdown.ts";
import type { FigureOptions, ReportOptions, TableOptions } from "./report_options.ts";
import { rerunCommand, type RunSettings, runSettings } from "./run_settings.ts";
import { figureBundle } from "./static/bundle.ts";
import { writeHtml, type WriteOptions, writeReport, type WrittenReport } from "./write.ts";

/**
 * Records a report while a notebook runs; `write()` puts report.md, figures/*.svg and results.json into the report's folder.
 * Numbers enter only as records (`cell`) or chosen settings (`parameter`).
 *
 * @throws {RangeError} when the name or the scale is not one that a folder and a command can have
 *
 * @example
 * ```ts
 * import { cell, Report } from "lib/report/mod.ts";
 * import { record } from "lib/record/mod.ts";
 * const size = record({ id: "student.parameters", quantity: "parameters", value: 296000, unit: "count" });
 * const report = new Report("demo", { title: "Demo", scale: "smoke" });
 * report.heading("Size");
 * report.text`The student has ${cell(size)} parameters.`;
 * console.log(report.document.records.length); // 1
 * ```
 */
export class Report {
  readonly #head: Omit<ReportDocument, "blocks" | "records" | "unanswered">;
  readonly #settings: RunSettings;
  readonly #blocks: Block[] = [];
  readonly #records = new Map<string, ResultRecord>();
  /** The cells that made the records, or else those that brought them here. */
  readonly #cells: (number | null)[] = [];
  readonly #unanswered: ReportDocument["unanswered"] = [];
  readonly #pending: Promise<void>[] = [];

  constructor(name: string, { title, scale, parameters, machine, machines = [] }: ReportOptions) {
    if (!/^[a-z0-9]+([._-][a-z0-9]+)*$/.test(name)) {
      throw new RangeError(`Cannot make a report: expected a name such as "02-lnsp-size-analysis", got "${name}"`);
    }
    this.#settings = runSettings();
    const usedScale = scale ?? this.#settings.scale ?? "quick";
    if (!["smoke", "quick", "full"].includes(usedScale)) {
      throw new RangeError(`Cannot make report ${name}: expected scale smoke, quick or full, got "${usedScale}"`);
    }
    this.#head = {
      name,
      title,
      scale: usedScale,
      parameters: { ...(parameters ?? this.#settings.parameters ?? {}) },
      machines: mergeMachines(machine ? [machine] : [], machines),
      identity: this.#settings.identity ?? null,
      rerun: rerunCommand(name, usedScale, this.#settings.parameters),
    };
  }

  /** The report so far, as plain data. */
  get document(): ReportDocument {
    return structuredClone({
      ...this.#head,
      blocks: this.#blocks,
      records: [...this.#records.values()],
      unanswered: this.#unanswered,
      ...(this.#cells.some((cell) => cell !== null) && { recordCells: this.#cells }),
    });
  }

  /** A heading; level 2 unless told otherwise. Digits are welcome here. */
  heading(text: string, level: 2 | 3 = 2): void {
    if (text.trim() === "") throw new RangeError("Cannot add a heading: expected text, got an empty string");
    if (level !== 2 && level !== 3) throw new RangeError(`Cannot add heading "${text}": expected level 2 or 3`);
    this.#add({ kind: "heading", level, text: text.trim() });
  }

  /**
   * One or more paragraphs (separated by an empty line): `code`, **strong**, *emphasis* and [links](target) work.
   *
   * @throws {RangeError} when the template holds a digit outside a code span
   * @throws {TypeError} when a bare number is interpolated
   */
  text(strings: TemplateStringsArray, ...values: Content[]): void {
    for (const parts of paragraphs(strings, values)) this.#add({ kind: "paragraph", content: this.#store(parts) });
  }

  /** What was found out: a paragraph that stands out. Rules as for `text`. */
  finding(strings: TemplateStringsArray, ...values: Content[]): void {
    this.#callout("finding", strings, values);
  }

  /** A remark that stands out. */
  note(strings: TemplateStringsArray, ...values: Content[]): void {
    this.#callout("note", strings, values);
  }

  /** A limit of the result that stands out. */
  warning(strings: TemplateStringsArray, ...values: Content[]): void {
    this.#callout("warning", strings, values);
  }

  /** A list of sentences; items with numbers are made by `inline`. */
  list(items: readonly Content[], { ordered = false }: { ordered?: boolean } = {}): void {
    if (items.length === 0) throw new RangeError("Cannot add a list: expected at least one item");
    const stored = items.map((item) => this.#store(toParts(item, "add a list item")));
    this.#add({ kind: "list", ordered, items: stored });
  }

  /**
   * A table. Number columns are aligned to the right, and a unit that all cells of a column share stands in its head.
   *
   * @throws {RangeError} when a row has another number of cells than there are columns, a cell holds digits as text, or the filter names a
   * column that is not there
   */
  table({ id, caption, columns, rows, filter }: TableOptions): void {
    const action = `add table ${id}`;
    this.#checkId(id, action);
    const missing = filter?.columns.find((column) => !(column in columns));
    if (missing !== undefined) {
      throw new RangeError(`Cannot ${action}: expected filter columns below ${columns.length}, got ${missing}`);
    }
    if (columns.length === 0) throw new RangeError(`Cannot ${action}: expected at least one column`);
    const bad = rows.findIndex((row) => row.length !== columns.length);
    if (bad >= 0) {
      throw new RangeError(
        `Cannot ${action}: expected ${columns.length} cells in every row, got ${rows[bad].length} in rows[${bad}]`,
      );
    }
    const stored: TableColumn[] = columns.map((column) => {
      const full = typeof column === "object" && "label" in column ? column : { label: column };
      return { label: this.#store(toParts(full.label, action)), align: full.align ?? "auto" };
    });
    this.#add({
      kind: "table",
      id,
      caption: this.#store(toParts(caption, action)),
      columns: stored,
      rows: rows.map((row) => row.map((content) => (content === null ? [] : this.#store(toParts(content, action))))),
      ...(filter && { filter }),
    });
  }

  /**
   * A figure. It is recorded at once; the promise resolves when the notebook shows it (immediately when there is no notebook).
   *
   * @throws {RangeError} when no record is given, the id is taken, or a trace needs WebGL or 3D
   */
  figure({ id, caption, alt, figure, records, width, height }: FigureOptions): Promise<void> {
    const action = `add figure ${id}`;
    this.#checkId(id, action);
    checkFigure(figure, action);
    if (alt.trim() === "") throw new RangeError(`Cannot ${action}: expected an alternative text, got an empty string`);
    refuseDigits(alt, `${action} (alternative text)`);
    if (records.length === 0) {
      throw new RangeError(`Cannot ${action}: expected the records that it is drawn from, got none`);
    }
    const block: FigureBlock = {
      kind: "figure",
      id,
      caption: this.#store(toParts(caption, action)),
      alt: alt.trim(),
      figure: withTemplate(structuredClone(figure)),
      records: [...new Set(records.map((record) => this.#keep(record)))],
      ...figureSize(figure, { width, height }),
    };
    this.#blocks.push(placed(block));
    if (!hasDisplay()) return Promise.resolve();
    const shown = figureBundle(block, renderBlockMarkdown(this.document, block)).then(show);
    this.#pending.push(shown.catch(() => {})); // the caller sees the error; write() only waits
    return shown;
  }

  /** A block of code or output, shown as it is. Digits are welcome here. */
  code(text: string, { language = "" }: { language?: string } = {}): void {
    this.#add({ kind: "code", language, text });
  }

  /**
   * Stores a record that answers claims without showing it in a sentence.
   *
   * @throws {RangeError} when the record names no claim
   */
  claim(record: ResultRecord): void {
    if (record.claims.length === 0) {
      throw new RangeError(`Cannot claim with ${record.id}: expected at least one claim id in record.claims, got none`);
    }
    this.#keep(record);
  }

  /**
   * Says that a claim has no record here, and why. The note may hold digits only inside `code`.
   *
   * @throws {RangeError} when the claim is answered or was named before
   */
  unanswered(claim: string, reason: NotMeasurableReason, note: string): void {
    const action = `leave claim ${claim} unanswered`;
    refuseDigits(note, action);
    if (this.#unanswered.some((entry) => entry.claim === claim)) {
      throw new RangeError(`Cannot ${action}: it was said before`);
    }
    const answer = [...this.#records.values()].find((record) => record.claims.includes(claim));
    if (answer) throw new RangeError(`Cannot ${action}: record ${answer.id} answers it`);
    this.#unanswered.push({ claim, reason, note });
  }

  /**
   * Writes report.md, figures/*.svg, results.json and document.json into the run's output folder (`reports/NAME/` in a notebook).
   * Everything is rendered before anything is written, so a failure leaves the previous report in place.
   *
   * @throws {RangeError} when results.json would exceed 1 MB, or an interactive run would replace a report of a larger
   * scale without `force`
   */
  async write(options: WriteOptions = {}): Promise<WrittenReport> {
    await Promise.all(this.#pending);
    // A runner has decided on its own whether its output may replace what stands there.
    const { outputDir } = this.#settings;
    return await writeReport(this.document, { outputDir, force: outputDir !== undefined, ...options });
  }

  /** Writes the interactive, self-contained index.html (about 5 MB) beside the report and returns its path. */
  async writeHtml({ outputDir = this.#settings.outputDir }: Pick<WriteOptions, "outputDir"> = {}): Promise<string> {
    await Promise.all(this.#pending);
    return await writeHtml(this.document, { outputDir });
  }

  #callout(tone: "finding" | "note" | "warning", strings: TemplateStringsArray, values: Content[]): void {
    for (const parts of paragraphs(strings, values)) this.#add({ kind: "callout", tone, content: this.#store(parts) });
  }

  #add(block: Block): void {
    this.#blocks.push(placed(block));
    if (hasDisplay()) show({ "text/markdown": renderBlockMarkdown(this.document, block) });
  }

  #checkId(id: string, action: string): void {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id)) {
      throw new RangeError(`Cannot ${action}: expected an id such as "quality-against-width", got "${id}"`);
    }
    if (this.#blocks.some((block) => "id" in block && block.id === id)) {
      throw new RangeError(`Cannot ${action}: the id is taken by another table or figure`);
    }
  }

  /** Replaces the records of `parts` by their ids and stores them. */
  #store(parts: readonly Part[]): Inline[] {
    return parts.map((part): Inline => {
      if (part.kind === "recordCell") {
        const { record, kind: _, ...style } = part;
        return { kind: "record", id: this.#keep(record), ...style };
      }
      return "children" in part ? { ...part, children: this.#store(part.children) } : part;
    });
  }

  #keep(record: ResultRecord): string {
    const stored = this.#records.get(record.id);
    if (stored) {
      if (canonicalJson(stored) === canonicalJson(record)) return record.id;
      throw new RangeError(`Cannot use record ${record.id}: another record with this id is already in the report`);
    }
    const machines = this.#head.machines;
    if (record.machine !== "any" && !machines.some(({ id }) => id === record.machine)) {
      throw new RangeError(
        `Cannot use record ${record.id}: expected its machine to be one of the report's ` +
          `(${machines.map(({ id }) => id).join(", ") || "none given"}), got ${record.machine}`,
      );
    }
    const left = this.#unanswered.find(({ claim }) => record.claims.includes(claim));
    if (left) throw new RangeError(`Cannot use record ${record.id}: its claim ${left.claim} is listed as unanswered`);
    this.#records.set(record.id, structuredClone(record));
    this.#cells.push(makingCell(record.id) ?? runningCell());
    return record.id;
  }
}

/** The block with the cell that adds it, where one is known to run. */
function placed(block: Block): Block {
  const cell = runningCell();
  return cell === null ? block : { ...block, cell };
}
