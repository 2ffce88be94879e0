// Windows of a series as files in a folder, so that every process that is measured reads the same ones and none builds them anew.

import type { Column } from "../../data/mod.ts";
import type { ArrayValue } from "../../graph/mod.ts";
import { readValues, storeValues } from "../infer_exchange.ts";

/** What is seen, `x [windows, context, features]`, and what comes, `y [windows, horizon]`. */
export interface WindowColumns {
  x: Column;
  y: Column;
}

const INDEX = "windows";

/**
 * Writes windows into a folder.
 *
 * @throws {RangeError} when there are no windows, or not as many of both
 */
export async function writeWindows(folder: string, { x, y }: WindowColumns): Promise<void> {
  if (x.shape[0] < 1 || x.shape[0] !== y.shape[0]) {
    throw new RangeError(`Cannot write windows: expected as many x as y, got ${x.shape[0]} and ${y.shape[0]}`);
  }
  const value = ({ shape, data }: Column): ArrayValue => ({ dtype: "float32", shape: [...shape], data });
  await storeValues(folder, INDEX, [{ name: "x", value: value(x) }, { name: "y", value: value(y) }]);
}

/** Reads the windows of a folder. */
export function readWindows(folder: string): WindowColumns {
  const { x, y } = readValues(folder, INDEX);
  const column = ({ shape, data }: ArrayValue): Column => ({ dtype: "float32", shape, data: data as Float32Array });
  return { x: column(x), y: column(y) };
}
