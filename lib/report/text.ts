// Inlines as plain text, for console output and examples.

import { formatParameter, formatRecord } from "./format.ts";
import type { Part } from "./inline.ts";

/** The parts of a sentence as plain text: what a reader sees, without markup. */
export function formatInline(parts: readonly Part[]): string {
  return parts.map((part) => {
    if (part.kind === "recordCell") return formatRecord(part.record, part);
    if (part.kind === "parameter") return formatParameter(part.value);
    return "children" in part ? formatInline(part.children) : part.text;
  }).join("");
}
