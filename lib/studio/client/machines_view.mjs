// The same report on two machines: which two, which records, one page of rows at a time.

import { connectPager } from "./pager.mjs";
import { chosenRows, MACHINE_ROWS, machineRow, unitRows, unitSummary } from "./machine_rows.mjs";

/** @param {{ machines: string[], rows: any[] }} data */
export function machinesView({ machines, rows }) {
  const form = document.getElementById("machine-filters");
  const [table, units] = ["machine-records", "machine-units"].map((id) => document.querySelector(`#${id} table`));
  const place = document.querySelector(".pager output"), count = form.querySelector("output");
  const { left, right, words, show, order } = form.elements;
  let page = 0;
  const draw = () => {
    const [a, b] = [Number(left.value), Number(right.value)];
    const found = chosenRows(rows, a, b, { words: words.value, show: show.value, order: order.value });
    const pages = Math.max(1, Math.ceil(found.length / MACHINE_ROWS));
    page = Math.min(page, pages - 1);
    const from = page * MACHINE_ROWS, shown = found.slice(from, from + MACHINE_ROWS);
    [table.tHead.rows[0].cells[1].textContent, table.tHead.rows[0].cells[2].textContent] = [machines[a], machines[b]];
    table.tBodies[0].innerHTML = shown.map((row) => machineRow(row, a, b)).join("") ||
      '<tr><td colspan="6">No record matches.</td></tr>';
    units.tBodies[0].innerHTML = unitRows(unitSummary(rows, a, b));
    pager.show(page, pages);
    count.textContent = `${found.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} records`;
    place.textContent = found.length === 0 ? "" : `${from + 1} to ${from + shown.length}`;
  };
  const pager = connectPager(document, (by) => {
    page += by;
    draw();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    page = 0;
    draw();
  });
  draw();
}
