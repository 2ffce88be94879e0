// The rows of the table of trials: one function for the page as it is rendered and for its script.

import { escapeText, formatMeasured, formatNumber, formatSeconds, formatValue, stateBadge } from "./format.mjs";

/** How many rows a page of the table has. */
export const PAGE_ROWS = 50;

/**
 * The columns of the table.
 * @param {{ objectives: readonly { metric: string, direction: string }[], parameters: readonly { name: string }[] }} study
 * @returns {{ id: string, label: string, numeric: boolean, value: (trial: any) => unknown, html: (trial: any) => string }[]}
 */
export function trialColumns({ objectives, parameters }) {
  const number = (id, label, value, format = formatNumber) => (
    { id, label, numeric: true, value, html: (trial) => escapeText(format(value(trial))) }
  );
  return [
    number("number", "Trial", (trial) => trial.number, String),
    { id: "state", label: "State", numeric: false, value: (trial) => trial.state, html: (trial) => stateCell(trial) },
    ...objectives.map(({ metric }, i) =>
      number(`value:${i}`, metric, (trial) => trial.values[i] ?? null, formatMeasured)
    ),
    ...parameters.map(({ name }) => ({
      id: `parameter:${name}`,
      label: name,
      numeric: true,
      value: (trial) => trial.parameters[name] ?? null,
      html: (trial) => escapeText(formatValue(trial.parameters[name])),
    })),
    ...(objectives.some(({ metric }) => metric === "parameterCount")
      ? []
      : [number("parameterCount", "Parameters", (trial) => trial.parameterCount)]),
    {
      ...number("epochs", "Epochs", (trial) => trial.epochs),
      html: (trial) => `${trial.epochs}<span class="unit"> of ${trial.epochsPlanned}</span>`,
    },
    number("seconds", "Time", (trial) => trial.seconds, (seconds) => seconds > 0 ? formatSeconds(seconds) : ""),
    number("attempts", "Attempts", (trial) => trial.attempts),
  ];
}

function stateCell({ state, pinned, message }) {
  const why = message ? ` <span class="why">${escapeText(message)}</span>` : "";
  return `${stateBadge(state)}${pinned ? ' <span class="unit">pinned</span>' : ""}${why}`;
}

/**
 * One row as HTML.
 * @param {any} trial
 * @param {ReturnType<typeof trialColumns>} columns
 * @param {(trial: any) => string | null} link address of the trial's page, null when there is none
 */
export function trialRow(trial, columns, link) {
  const address = link(trial);
  const cells = columns.map((column, i) => {
    const align = column.numeric ? ' class="right"' : "";
    if (i > 0) return `<td${align}>${column.html(trial)}</td>`;
    const text = column.html(trial);
    return `<th scope="row"${align}>${address === null ? text : `<a href="${escapeText(address)}">${text}</a>`}</th>`;
  });
  return `<tr data-key="${trial.key}">${cells.join("")}</tr>`;
}

/**
 * Order of two trials by a column; those without a value go last, whatever the direction.
 * @param {{ value: (trial: any) => unknown }} column
 * @param {"ascending" | "descending"} direction
 */
export function trialOrder(column, direction) {
  const sign = direction === "descending" ? -1 : 1;
  return (a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || a.number - b.number;
    if (typeof x === "number" && typeof y === "number") return sign * (x - y) || a.number - b.number;
    return sign * String(x).localeCompare(String(y), "en", { numeric: true }) || a.number - b.number;
  };
}

/**
 * How the table is sorted at first: the best trial on top.
 * @param {{ objectives: readonly { direction: string }[] }} study
 * @returns {{ id: string, direction: "ascending" | "descending" }}
 */
export function firstOrder({ objectives }) {
  return { id: "value:0", direction: objectives[0].direction === "maximize" ? "descending" : "ascending" };
}
