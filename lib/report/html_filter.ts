// Filtering tables in index.html: one bar of controls for all tables of a group, made by the page's script, so that without scripts every
// row is shown and nothing promises otherwise.

/** Which tables are filtered together, and by which columns. */
export interface TableFilter {
  /** Tables of one group share one bar: words in lower case with hyphens. */
  group: string;
  /** Columns whose values are offered for choice, from 0; any text of a row can be searched besides. */
  columns: number[];
}

/** The script behind {@link TableFilter}: plain browser JavaScript, without network. */
export const filterScript = String.raw`
"use strict";
(() => {
  const groups = new Map();
  for (const table of document.querySelectorAll("table[data-filter-group]")) {
    const name = table.dataset.filterGroup;
    groups.set(name, [...(groups.get(name) || []), table]);
  }
  const textOf = (node) => node.textContent.replace(/\s+/g, " ").trim();
  const labelled = (text, control) => {
    const label = document.createElement("label"), span = document.createElement("span");
    span.textContent = text;
    label.append(span, control);
    return label;
  };
  const makeSelect = (rows, column) => {
    const counts = new Map();
    for (const { cells } of rows) counts.set(cells[column], (counts.get(cells[column]) || 0) + 1);
    const select = document.createElement("select");
    select.append(new Option("any", ""));
    const names = [...counts.keys()].filter((name) => name !== "").sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    for (const name of names) select.append(new Option(name + " (" + counts.get(name) + ")", name));
    return select;
  };
  for (const [name, tables] of groups) {
    const columns = JSON.parse(tables[0].dataset.filterColumns);
    const rows = tables.flatMap((table) => [...table.tBodies[0].rows].map((tr) => ({
      tr, text: textOf(tr).toLowerCase(), cells: [...tr.cells].map(textOf),
    })));
    const search = document.createElement("input");
    search.type = "search";
    search.autocomplete = "off";
    const selects = columns.map((column) => ({ column, select: makeSelect(rows, column) }));
    const count = document.createElement("output");
    count.setAttribute("aria-live", "polite");
    const reset = document.createElement("button");
    reset.type = "reset";
    reset.textContent = "Show all";
    const form = document.createElement("form");
    form.className = "filter";
    form.setAttribute("role", "search");
    form.setAttribute("aria-label", "Filter rows: " + name);
    form.append(
      labelled("Contains", search),
      ...selects.map(({ column, select }) => labelled(textOf(tables[0].tHead.rows[0].cells[column]), select)),
      reset, count,
    );
    // A table goes with its heading, if that stands right above it.
    const blocks = tables.map((table) => {
      const section = table.closest("section") || table, heading = section.previousElementSibling;
      return { table, parts: heading && /^H[34]$/.test(heading.tagName) ? [heading, section] : [section] };
    });
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
      let shown = 0;
      for (const { tr, text, cells } of rows) {
        const fits = words.every((word) => text.includes(word)) &&
          selects.every(({ column, select }) => select.value === "" || cells[column] === select.value);
        tr.hidden = !fits;
        if (fits) shown++;
      }
      for (const { table, parts } of blocks) {
        const empty = [...table.tBodies[0].rows].every((tr) => tr.hidden);
        for (const part of parts) part.hidden = empty;
      }
      count.textContent = shown + " of " + rows.length + " rows";
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    blocks[0].parts[0].before(form);
    apply();
  }
})();
`.trim();

/** The look of the bar. */
export const filterStyle = String.raw`
.filter { display: flex; flex-wrap: wrap; align-items: end; gap: 0.6rem 1rem; margin: 1.5rem 0 1rem; font-size: 0.9375rem; }
.filter label { display: grid; gap: 0.15rem; }
.filter span, .filter output { color: var(--muted); }
.filter input, .filter select, .filter button { font: inherit; color: var(--ink); background: var(--page);
  border: 1px solid var(--muted); border-radius: 6px; padding: 0.35rem 0.6rem; max-width: 100%; }
.filter button { cursor: pointer; background: var(--soft); }
.filter output { padding: 0.35rem 0; }
tr[hidden], section[hidden], h3[hidden] { display: none; }
@media print { .filter { display: none; } }
`.trim();
