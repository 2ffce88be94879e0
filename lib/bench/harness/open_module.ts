// A subject that is a module of its own.

import { pathToFileURL } from "node:url";
import type { JsonValue } from "../../process/mod.ts";
import type { OpenedSubject, OpenOptions } from "./open_subject.ts";

/**
 * Calls the module's `open(options, how)`.
 *
 * @throws {TypeError} when it exports none
 */
export async function openModule(
  { path, options }: { path: string; options: JsonValue },
  how: OpenOptions,
): Promise<OpenedSubject> {
  const { open } = await import(pathToFileURL(path).href) as {
    open?: (options: JsonValue, how: OpenOptions) => OpenedSubject | Promise<OpenedSubject>;
  };
  if (typeof open !== "function") throw new TypeError("Cannot open a subject: expected a module that exports open()");
  return await open(options, how);
}
