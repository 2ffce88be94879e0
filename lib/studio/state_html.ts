// The state of a report as HTML: a mark, a word, and why.

import { escapeText } from "./client/format.mjs";
import type { ReportState } from "./report_states.ts";

const WORDS: Record<ReportState["status"], string> = {
  fresh: "fresh",
  stale: "stale",
  "other machine": "other machine",
  interactive: "made interactively",
  missing: "missing",
  checking: "being checked",
  unknown: "unknown",
};

/** More changes than this are folded away. */
const MOST_SHOWN = 3;

/** The mark and the word alone. */
export function stateMark({ status }: ReportState): string {
  return `<span class="state ${status.replaceAll(" ", "-")}">${WORDS[status]}</span>`;
}

/** Why the report is in its state, without the word for it; "" where the word says all. */
export function stateReason({ status, text, changes }: ReportState): string {
  if (status === "stale") return changesHtml(changes);
  if (status === "other machine") return escapeText(text.replace(/^made on another machine: /, "made on "));
  if (status === "interactive") return "made in a kernel: nobody can tell from what";
  return status === "unknown" ? escapeText(text) : "";
}

/** Mark, word and reason. */
export function stateHtml(state: ReportState): string {
  const reason = stateReason(state);
  return stateMark(state) + (reason === "" ? "" : `: ${reason}`);
}

/** What changed: the first few, and the rest on demand. */
export function changesHtml(changes: readonly string[]): string {
  const first = escapeText(changes.slice(0, MOST_SHOWN).join(", "));
  const rest = changes.slice(MOST_SHOWN);
  if (rest.length === 0) return first;
  const items = rest.map((change) => `<li>${escapeText(change)}</li>`).join("");
  return `${first} <details class="more"><summary>and ${rest.length} more</summary><ul>${items}</ul></details>`;
}
