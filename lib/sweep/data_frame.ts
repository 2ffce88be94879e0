// Rows as a DataFrame of danfojs. The package asks for tfjs-node, whose native library most machines lack and a table does not need:
// it is given plain tfjs instead.

import { createRequire } from "node:module";
import type { DataFrame } from "danfojs-node";
import { projectPath } from "../process/mod.ts";
import { flatRows } from "./export.ts";
import type { Row } from "./rows.ts";

type Danfo = typeof import("danfojs-node");

let loaded: Danfo | undefined;

/**
 * Rows as a DataFrame of danfojs, with the columns of `flatRows`. The package is loaded at the first call, which takes a second.
 *
 * @throws {RangeError} when there are no rows, of which danfojs makes no frame
 *
 * @example
 * ```ts
 * import { type Row, toDataFrame } from "lib/sweep/mod.ts";
 * const widest = (rows: Row[]) => toDataFrame(rows).sortValues("parameterCount", { ascending: false }).head(3);
 * if (typeof widest !== "function") throw new Error("a frame sorts and groups");
 * ```
 */
export function toDataFrame<P>(rows: readonly Row<P>[]): DataFrame {
  const { columns, values } = flatRows(rows);
  if (values.length === 0) throw new RangeError("Cannot make a DataFrame: expected at least one row, got none");
  loaded ??= loadDanfo();
  return new loaded.DataFrame(values, { columns });
}

function loadDanfo(): Danfo {
  const require = createRequire(projectPath("package.json")); // out of a bundler's sight: it brings a whole engine
  const path = require.resolve("@tensorflow/tfjs-node");
  const before = require.cache[path];
  require.cache[path] = {
    id: path,
    filename: path,
    loaded: true,
    exports: require("@tensorflow/tfjs"),
  } as NodeJS.Module;
  try {
    return require("danfojs-node") as Danfo;
  } finally {
    if (before === undefined) delete require.cache[path];
    else require.cache[path] = before;
  }
}
