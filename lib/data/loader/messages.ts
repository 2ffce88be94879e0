// What the loader and its threads say to each other.

import type { WindowValues } from "./window_reader.ts";

/** To a thread: a batch that is wanted. */
export interface BatchRequest {
  readonly ticket: number;
  readonly rows: Uint32Array;
}

/** From a thread: the batch, or why there is none. */
export type BatchReply =
  | { readonly ticket: number; readonly values: WindowValues }
  | { readonly ticket: number; readonly problem: { name: string; message: string; stack: string } };
