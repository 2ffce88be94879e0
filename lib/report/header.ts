// What the head of a report says, in Markdown and HTML alike: machine, parameters, the kinds of interval used.

import type { MachineFacts } from "../record/mod.ts";
import { type Block, blockRecordIds, recordsById, type ReportDocument } from "./document.ts";

/** "AMD EPYC, 2 cores, 24 GiB, linux x64; Debian GNU/Linux 12; mains power; deno 2.9.5, onnxruntime-node 1.30.0". */
export function machineLine(machine: MachineFacts): string {
  const versions = Object.entries(machine.versions)
    .filter(([name]) => name === "deno" || name.startsWith("onnxruntime"))
    .map(([name, version]) => `${name} ${version}`).join(", ");
  const power = machine.power === "unknown" ? "" : `${machine.power} power`;
  return [machine.name, machine.os, power, versions].filter((part) => part !== "").join("; ");
}

/** The parameters as `key=value`, in the form that `-p` takes. */
export function parameterPairs(document: ReportDocument): string[] {
  return Object.entries(document.parameters).map(([key, value]) =>
    `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`
  );
}

/** More methods than this would be a wall of text at the head of a report; each record names its own. */
const MOST_METHODS = 4;

/** What square brackets mean in this report; "" when no record has an interval. */
export function intervalSentence(document: ReportDocument): string {
  const intervals = document.records.flatMap(({ interval }) => (interval ? [interval] : []));
  const level = (confidence: number) => `${Number((confidence * 100).toFixed(3))}%`;
  const kinds = new Set(intervals.map(({ confidence, method }) => `${level(confidence)} (${method})`));
  if (kinds.size === 0) return "";
  if (kinds.size <= MOST_METHODS) return `Square brackets hold confidence intervals: ${[...kinds].join("; ")}.`;
  const levels = [...new Set(intervals.map(({ confidence }) => level(confidence)))].join(" or ");
  return `Square brackets hold ${levels} confidence intervals; each record names the method of its own.`;
}

/** " Measured on NAME." for a block whose measurements are not all from the report's own machine, else "". */
export function madeOn(document: ReportDocument, block: Block): string {
  const [own] = document.machines;
  const records = recordsById(document);
  const ids = new Set(
    blockRecordIds(block).map((id) => records.get(id)!.machine).filter((machine) => machine !== "any"),
  );
  if ([...ids].every((id) => id === own?.id)) return "";
  const names = document.machines.filter(({ id }) => ids.has(id)).map(({ name }) => name);
  return ` Measured on ${names.join(" and on ")}.`;
}
