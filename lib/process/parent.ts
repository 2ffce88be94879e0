// The child's side of the channel. Messages come in on standard input, one a line, and go out on standard output in frames.
// They are written synchronously, so that their order with console.log is exact and none is lost when the child exits.

import { Buffer } from "node:buffer";
import { writeSync } from "node:fs";
import process from "node:process";
import { frame, LineSplitter } from "./frames.ts";
import { decodeMessage, encodeMessage } from "./message_codec.ts";
import { ownMemory } from "./own_memory.ts";

/** Environment variable that carries the channel's nonce to the child. */
export const CHANNEL_VARIABLE = "LATENT_LAB_CHANNEL";

/** What goes over the channel: a message of the program, or the child's own last words. */
export type Envelope = { type: "message"; message: unknown } | { type: "peakRssBytes"; message: number };

/** The connection of a child to the process that started it. */
export interface Parent {
  /**
   * What the parent sent, in order; ends when the parent calls `endMessages()`. To be iterated once. While it is being
   * iterated the child stays alive; leave the loop to let it end.
   */
  messages: AsyncIterable<unknown>;
  /** Sends JSON, numbers that are not finite, and typed arrays. Throws {TypeError} for anything else. */
  send(message: unknown): void;
  /**
   * Aborted when the parent wants the child to end (deadline, abort, kill), which then has `graceMs` for its last words. Reading this
   * property once turns off the default, which is to end at once.
   */
  readonly signal: AbortSignal;
}

let connected: Parent | undefined;

/** Whether this process was started by `startChild` with a module, and can connect. */
export function hasParent(): boolean {
  return connected !== undefined || process.env[CHANNEL_VARIABLE] !== undefined;
}

/**
 * Connects a child module to its parent. Repeated calls give the same connection.
 *
 * @throws {Error} when this process was not started by `startChild`
 *
 * @example
 * ```ts
 * import { connectParent, hasParent } from "lib/process/mod.ts";
 * if (hasParent()) {
 *   const parent = connectParent();
 *   for await (const message of parent.messages) parent.send({ echo: message });
 * }
 * ```
 */
export function connectParent(): Parent {
  if (connected !== undefined) return connected;
  const nonce = process.env[CHANNEL_VARIABLE];
  if (nonce === undefined) {
    throw new Error("Cannot connect to a parent: this module runs as a child of startChild, not on its own");
  }
  delete process.env[CHANNEL_VARIABLE]; // a grandchild that prints must not be able to speak for this child
  const write = (type: Envelope["type"], message: unknown) =>
    writeFully(frame(nonce, `{"type":"${type}","message":${encodeMessage(message)}}`));
  process.on("exit", () => write("peakRssBytes", ownMemory().peakRssBytes));
  let stopping: AbortSignal | undefined;
  connected = {
    messages: readMessages(),
    send: (message) => write("message", message),
    get signal() {
      stopping ??= abortOnTerminate();
      return stopping;
    },
  };
  return connected;
}

function abortOnTerminate(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGTERM", () => controller.abort(new Error("the parent ends this process")));
  return controller.signal;
}

async function* readMessages(): AsyncGenerator<unknown, void> {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  try {
    for await (const chunk of process.stdin) {
      splitter.push(chunk as Uint8Array);
      while (lines.length > 0) yield decodeMessage(lines.shift() as string);
    }
  } finally {
    process.stdin.destroy();
  }
}

function writeFully(text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(1, bytes, offset);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "EPIPE") return; // the parent has gone, and ends this process by other means
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // the pipe is full: 1 ms
    }
  }
}
