// From the cells of a notebook to one module. Every source line becomes exactly one generated line, so that a position
// in an error of the module is a position in the notebook, without a source map.

import { type ParseResult, parseSync, Visitor } from "oxc-parser";
import { type Binding, conflicts, declaredBindings } from "./bindings.ts";
import type { CodeCell } from "./document.ts";
import { NotebookError, type NotebookFailure } from "./failure.ts";

/** A line of a code cell, both from 1. */
export interface CellPosition {
  cell: number;
  line: number;
}

/** The module made from a notebook. */
export interface GeneratedModule {
  code: string;
  /** `positions[i]` is the place in the notebook of generated line i + 1; null for a line that no cell wrote. */
  positions: (CellPosition | null)[];
}

interface ParsedCell extends CodeCell {
  statements: ParseResult["program"]["body"];
}

/** Name under which the instrumented module knows the headless side; no cell should use it. */
const HANDLE = "__lab";
const DECLARATIONS = /^(Import|Export|Function|Class|Empty|TS)/;

/**
 * Makes one module from code cells: markers before and after each cell, the line of each top-level statement reported
 * before it runs, and the value of a trailing expression handed over, as a kernel would show it.
 *
 * @param notebook file name for messages
 * @param preludeUrl module that exports `cells`, the receiver of markers and values; without it the cells are only joined
 * @throws {NotebookError} listing syntax errors, uses of `import.meta` and names declared in two cells
 */
export function generateModule(
  notebook: string,
  cells: CodeCell[],
  { preludeUrl }: { preludeUrl?: string } = {},
): GeneratedModule {
  const parsed = cells.map((cell) => parseCell(notebook, cell));
  refuseDuplicates(notebook, parsed);
  const lines: string[] = [];
  const positions: (CellPosition | null)[] = [];
  const addMarker = (text: string) => {
    lines.push(text);
    positions.push(null);
  };
  if (preludeUrl) addMarker(`import { cells as ${HANDLE} } from ${JSON.stringify(preludeUrl)};`);
  for (const cell of parsed) {
    if (preludeUrl) addMarker(`${HANDLE}.begin(${cell.number});`);
    const source = preludeUrl ? instrument(cell) : cell.source;
    source.split("\n").forEach((line, index) => {
      lines.push(line);
      positions.push({ cell: cell.number, line: index + 1 });
    });
    if (preludeUrl) addMarker(`;${HANDLE}.end(${cell.number});`);
  }
  addMarker("export {};");
  return { code: lines.join("\n") + "\n", positions };
}

/** Line in `source` (from 1) of a UTF-16 offset. */
export function lineOfOffset(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf("\n"); i !== -1 && i < offset; i = source.indexOf("\n", i + 1)) line++;
  return line;
}

function parseCell(notebook: string, cell: CodeCell): ParsedCell {
  const fail = (offset: number, message: string): NotebookFailure => ({
    notebook,
    cell: cell.number,
    line: lineOfOffset(cell.source, offset),
    message,
    stack: [],
  });
  const result = parseSync("cell.ts", cell.source, { sourceType: "module", showSemanticErrors: true });
  if (result.errors.length > 0) {
    throw new NotebookError(result.errors.map((error) => {
      // The last label of a redeclaration is where the name came up again.
      return fail(error.labels.at(-1)?.start ?? 0, `Syntax error: ${error.message}`);
    }));
  }
  const metaUses: NotebookFailure[] = [];
  new Visitor({
    MetaProperty(node) {
      if (node.meta.name !== "import") return;
      metaUses.push(
        fail(node.start, "import.meta does not exist in a notebook kernel: use a path relative to the notebook"),
      );
    },
  }).visit(result.program);
  if (metaUses.length > 0) throw new NotebookError(metaUses);
  return { ...cell, statements: result.program.body };
}

function refuseDuplicates(notebook: string, cells: ParsedCell[]): void {
  const first = new Map<string, { cell: ParsedCell; binding: Binding }[]>();
  const failures: NotebookFailure[] = [];
  for (const cell of cells) {
    for (const binding of declaredBindings(cell.statements)) {
      const earlier = first.get(binding.name) ?? [];
      const clash = earlier.find((other) => other.cell !== cell && conflicts(other.binding, binding));
      if (clash) {
        const line = lineOfOffset(cell.source, binding.start);
        const clashLine = lineOfOffset(clash.cell.source, clash.binding.start);
        const message = `Cannot declare "${binding.name}" again: ` +
          `it is declared in cell ${clash.cell.number}, line ${clashLine}; use another name or a block { ... }`;
        failures.push({ notebook, cell: cell.number, line, message, stack: [] });
      }
      first.set(binding.name, [...earlier, { cell, binding }]);
    }
  }
  if (failures.length > 0) throw new NotebookError(failures);
}

/** The cell's source with its top-level statements announced and its last expression wrapped, on the same lines. */
function instrument(cell: ParsedCell): string {
  const insertions: { offset: number; text: string }[] = [];
  const last = cell.statements.at(-1);
  for (const statement of cell.statements) {
    if (DECLARATIONS.test(statement.type)) continue;
    const line = lineOfOffset(cell.source, statement.start);
    insertions.push({ offset: statement.start, text: `${HANDLE}.line(${line});` });
    if (statement === last && statement.type === "ExpressionStatement") {
      // Two parentheses, so that `a, b` stays one value.
      insertions.push({ offset: statement.expression.start, text: `await ${HANDLE}.value((` });
      insertions.push({ offset: statement.expression.end, text: "))" });
    }
  }
  let source = "";
  let from = 0;
  for (const { offset, text } of insertions) {
    source += cell.source.slice(from, offset) + text;
    from = offset;
  }
  return source + cell.source.slice(from);
}
