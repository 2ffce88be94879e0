// A thread of the loader: opens the file once and answers requests for batches until the loader ends it. Their arrays are handed over, not copied.

import { parentPort, workerData } from "node:worker_threads";
import type { BatchReply, BatchRequest } from "./messages.ts";
import { WindowReader, type WindowReading } from "./window_reader.ts";

const port = parentPort!;
let reader: WindowReader | null = null;

function answer({ ticket, rows }: BatchRequest): void {
  try {
    reader ??= new WindowReader(workerData as WindowReading);
    const values = reader.read(rows);
    const reply: BatchReply = { ticket, values };
    port.postMessage(reply, [values.context.buffer, values.target.buffer]);
  } catch (error) {
    const { name, message, stack = "" } = error as Error;
    const reply: BatchReply = { ticket, problem: { name, message, stack } };
    port.postMessage(reply);
  }
}

port.on("message", (request: BatchRequest | "end") => {
  if (request !== "end") return answer(request);
  reader?.close();
  port.unref(); // nothing is left to wait for: the thread ends
});
