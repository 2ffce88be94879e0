// Where the headless side of the runner stands.

import { pathToFileURL } from "node:url";
import { projectPath } from "../process/mod.ts";

/** URL of the module that every generated module imports first. */
export function preludeUrl(): string {
  return pathToFileURL(projectPath("lib", "notebook", "headless_cells.ts")).href;
}

/** Path of the program that runs a generated module. */
export function headlessMainPath(): string {
  return projectPath("lib", "notebook", "headless_main.ts");
}
