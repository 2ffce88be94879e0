// The files of reports: which reports there are, and which of their files pages may load.

import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isInside } from "./inside.ts";
import { type MachineResults, MACHINES_FOLDER } from "./machine_results.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,99}$/;
const FIGURE = /^[a-z0-9][a-z0-9-]{0,99}\.svg$/;
/** Ids of machines that can stand in an address. */
const ID = /^[a-z0-9]{1,64}$/;
const SVG = "image/svg+xml";

/** A file that pages load. */
export interface PageFile {
  path: string;
  /** Its media type. */
  type: string;
}

/** Whether there is a report of this name. */
export function isReport(folder: string, name: string): boolean {
  return NAME.test(name) && name !== MACHINES_FOLDER && isInside(folder, join(folder, name, "report.md"));
}

/** The names of the reports in a folder, sorted. */
export function reportNames(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => isReport(folder, name)).sort() : [];
}

/** Files of a report that pages load, by their address below the report's; null for anything else. */
export function reportFile(folder: string, name: string, file: string): PageFile | null {
  if (!NAME.test(name)) return null;
  const figure = /^figures\/([^/]+)$/.exec(file)?.[1];
  const known = file === "results.json"
    ? { path: join(folder, name, file), type: "application/json; charset=utf-8" }
    : figure !== undefined && FIGURE.test(figure)
    ? { path: join(folder, name, "figures", figure), type: SVG }
    : null;
  return known !== null && isInside(folder, known.path) ? known : null;
}

/** Names of a report's figures. */
export function reportFigures(folder: string, name: string): string[] {
  return figuresIn(folder, join(folder, name, "figures"));
}

/** Names of the figures that came with another machine's results: a folder beside a file that is named as a report's own. */
export function machineFigureNames(folder: string, { file, machine }: MachineResults): string[] {
  const hasAddress = ID.test(machine.id) && file.endsWith("/results.json");
  return hasAddress ? figuresIn(folder, join(folder, dirname(file), "figures")) : [];
}

/** The address of such a figure, below the report's. */
export function machineFigureAddress({ machine }: MachineResults, figure: string): string {
  return `${MACHINES_FOLDER}/${machine.id}/${figure}`;
}

/** The file at such an address; null when none of these machines has it. */
export function machineFigureFile(folder: string, others: readonly MachineResults[], address: string): PageFile | null {
  for (const other of others) {
    const figure = machineFigureNames(folder, other).find((name) => machineFigureAddress(other, name) === address);
    if (figure !== undefined) return { path: join(folder, dirname(other.file), "figures", figure), type: SVG };
  }
  return null;
}

function figuresIn(root: string, figures: string): string[] {
  return existsSync(figures)
    ? readdirSync(figures).filter((file) => FIGURE.test(file) && isInside(root, join(figures, file))).sort()
    : [];
}
