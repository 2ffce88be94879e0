// Whether a file is one of a folder's, wherever links lead.

import { existsSync, realpathSync } from "node:fs";
import { sep } from "node:path";

/** Whether a file exists and, whatever links lead to it, lies in the folder. */
export function isInside(folder: string, path: string): boolean {
  return existsSync(path) && realpathSync(path).startsWith(realpathSync(folder) + sep);
}
