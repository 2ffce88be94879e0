// The executed copy of a notebook: what its cells printed and showed, as a kernel would have stored it.

import { type CodeCell, formatNotebook, type NotebookDocument, toLines } from "./document.ts";
import type { NotebookFailure } from "./failure.ts";
import type { HeadlessEvent, MediaBundle } from "./jupyter.ts";

/** An output in nbformat 4. */
export type CellOutput =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string }
  | { output_type: "display_data"; data: MediaBundle; metadata: Record<string, unknown> }
  | { output_type: "execute_result"; data: MediaBundle; metadata: Record<string, unknown>; execution_count: number }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** Collects the outputs of a run, cell by cell. */
export class OutputCollector {
  /** The cell under way, null before the first. */
  cell: number | null = null;
  /** Line of the top-level statement under way in that cell, null before the first. */
  line: number | null = null;
  readonly #outputs = new Map<number, CellOutput[]>();
  readonly #displays = new Map<string, { data: MediaBundle; metadata: Record<string, unknown> }[]>();

  constructor(readonly cells: CodeCell[]) {}

  /** Outputs of a code cell, in order. */
  of(cell: number): CellOutput[] {
    return this.#outputs.get(cell) ?? [];
  }

  /** Takes plain text of the process. */
  addText(text: string, name: "stdout" | "stderr"): void {
    const outputs = this.#current();
    const last = outputs.at(-1);
    if (last?.output_type === "stream" && last.name === name) last.text += text;
    else outputs.push({ output_type: "stream", name, text });
  }

  /** Takes an event of the process; those without an output only move the place. */
  addEvent(event: HeadlessEvent): void {
    if (event.type === "begin") {
      this.cell = event.cell;
      this.line = null;
    } else if (event.type === "line") this.line = event.line;
    else if (event.type === "stderr") this.addText(event.text, "stderr");
    else if (event.type === "display") this.#display(event);
    else if (event.type === "result") {
      const count = this.cell ?? 1;
      this.#current().push({ output_type: "execute_result", data: event.data, metadata: {}, execution_count: count });
    }
  }

  /** Marks the cell of a failure with an error output. */
  addFailure(failure: NotebookFailure): void {
    if (failure.cell === null) return;
    const [ename, ...rest] = failure.message.split(": ");
    const traceback = [failure.message, ...failure.stack.map((frame) => `    at ${frame}`)];
    this.#for(failure.cell).push({ output_type: "error", ename, evalue: rest.join(": "), traceback });
  }

  /** The notebook with these outputs; cells that were not reached have none. */
  executedCopy(notebook: NotebookDocument): string {
    const numbers = new Map(this.cells.map((cell) => [cell.index, cell.number]));
    const cells = notebook.cells.map((cell, index) => {
      if (cell.cell_type !== "code") return cell;
      const number = numbers.get(index);
      const reached = number !== undefined && this.cell !== null && number <= this.cell;
      const outputs = number === undefined ? [] : this.of(number).map(storedOutput);
      return { ...cell, execution_count: reached ? number : null, outputs };
    });
    return formatNotebook({ ...notebook, cells });
  }

  #display({ data, metadata, displayId, update }: Extract<HeadlessEvent, { type: "display" }>): void {
    const shown = displayId === null ? undefined : this.#displays.get(displayId);
    if (update) {
      // As in a front end: an update changes what stands under the id, wherever it stands.
      for (const output of shown ?? []) Object.assign(output, { data, metadata });
      return;
    }
    const output = { output_type: "display_data" as const, data, metadata };
    this.#current().push(output);
    if (displayId !== null) this.#displays.set(displayId, [...(shown ?? []), output]);
  }

  #current(): CellOutput[] {
    return this.#for(this.cell ?? 1);
  }

  #for(cell: number): CellOutput[] {
    const outputs = this.#outputs.get(cell) ?? [];
    this.#outputs.set(cell, outputs);
    return outputs;
  }
}

function storedOutput(output: CellOutput): unknown {
  return output.output_type === "stream" ? { ...output, text: toLines(output.text) } : output;
}
