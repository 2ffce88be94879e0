// The same report on two machines: which two, which records, one page of rows at a time.

import { connectPager } from "./pager.mjs";
import { machineFigures } from "./machine_figures.mjs";
import { chosenRows, MACHINE_ROWS, machineRow, unitRows, unitSummary } from "./machine_rows.mjs";

/** @param {{ machines: string[], rows: any[], figures: any[] }} data */
export function machinesView({ machines, rows, figures }) {
  const part = (id) => document.getElementById(id);
  const [pair, filters, figurePlace] = ["machine-pair", "machine-filters", "machine-figures"].map(part);
  const [table, units] = ["machine-records", "machine-units"].map((id) => part(id).querySelector("table"));
  const place = document.querySelector(".pager output"), count = filters.querySelector("output");
  const { left, right } = pair.elements, { words, show, order } = filters.elements;
  let page = 0, a = 0, b = 0;
  const drawRecords = () => {
    const found = chosenRows(rows, a, b, { words: words.value, show: show.value, order: order.value });
    const pages = Math.max(1, Math.ceil(found.length / MACHINE_ROWS));
    page = Math.min(page, pages - 1);
    const from = page * MACHINE_ROWS, shown = found.slice(from, from + MACHINE_ROWS);
    table.tBodies[0].innerHTML = shown.map((row) => machineRow(row, a, b)).join("") ||
      '<tr><td colspan="6">No record matches.</td></tr>';
    pager.show(page, pages);
    count.textContent = `${found.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} records`;
    place.textContent = found.length === 0 ? "" : `${from + 1} to ${from + shown.length}`;
  };
  const drawPair = () => {
    [a, b] = [Number(left.value), Number(right.value)];
    for (const name of document.querySelectorAll("[data-machine]")) {
      name.textContent = machines[name.dataset.machine === "first" ? a : b];
    }
    units.tBodies[0].innerHTML = unitRows(unitSummary(rows, a, b));
    if (figurePlace !== null) figurePlace.innerHTML = machineFigures(figures, rows, machines, a, b);
    drawRecords();
  };
  const pager = connectPager(document, (by) => {
    page += by;
    drawRecords();
  });
  const onInput = (form, draw) => {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      page = 0;
      draw();
    });
  };
  onInput(pair, drawPair);
  onInput(filters, drawRecords);
  drawPair();
}
