// The table of trials: sorted by a click on a head, one page of rows at a time.

import { connectPager } from "./pager.mjs";
import { firstOrder, PAGE_ROWS, trialColumns, trialOrder, trialRow } from "./rows.mjs";

/** @param {HTMLElement} section @param {any} state */
export function tableView(section, state) {
  const table = section.querySelector("table"), body = table.tBodies[0];
  const place = section.querySelector(".pager output");
  const columns = trialColumns(state.data);
  const first = firstOrder(state.data);
  let sortedBy = columns.findIndex(({ id }) => id === first.id),
    direction = first.direction,
    page = 0,
    lastFilters = null;
  const heads = [...table.tHead.rows[0].cells];
  const sort = (index) => {
    direction = sortedBy === index && direction === "ascending" ? "descending" : "ascending";
    [sortedBy, page] = [index, 0];
    draw();
  };
  heads.forEach((head, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(i));
  });
  const pager = connectPager(section, (by) => {
    page += by;
    draw();
  });
  const draw = () => {
    if (lastFilters !== state.filters()) [page, lastFilters] = [0, state.filters()];
    heads.forEach((head, i) =>
      i === sortedBy ? head.setAttribute("aria-sort", direction) : head.removeAttribute("aria-sort")
    );
    const rows = [...state.selected()].sort(trialOrder(columns[sortedBy], direction));
    const pages = Math.max(1, Math.ceil(rows.length / PAGE_ROWS));
    page = Math.min(page, pages - 1);
    const from = page * PAGE_ROWS, shown = rows.slice(from, from + PAGE_ROWS);
    const focused = document.activeElement?.closest("tr[data-key] a")?.closest("tr").dataset.key;
    body.innerHTML = shown.map((trial) => trialRow(trial, columns, state.data.linkTo)).join("") ||
      `<tr><td colspan="${columns.length}">No trial matches.</td></tr>`;
    if (focused) body.querySelector(`tr[data-key="${focused}"] a`)?.focus({ preventScroll: true });
    pager.show(page, pages);
    place.textContent = rows.length === 0
      ? "0 trials"
      : `${from + 1} to ${from + shown.length} of ${rows.length.toLocaleString("en-US")}`;
  };
  return draw;
}
