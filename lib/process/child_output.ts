// What a child prints: frames become messages, the rest is kept up to a limit and passed on as text.

import { Buffer } from "node:buffer";
import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { FrameSplitter } from "./frames.ts";
import { decodeMessage } from "./message_codec.ts";
import type { Envelope } from "./parent.ts";
import { atMost } from "./wait.ts";

/** Options of `ChildOutput`. */
export interface ChildOutputOptions {
  limitBytes: number;
  onMessage: (message: unknown) => void;
  onOutput: (text: string, stream: "stdout" | "stderr") => void;
  onPeak: (bytes: number) => void;
  onLimit: () => void;
  onBadFrame: () => void;
}

const STDERR_TAIL_BYTES = 16 * 1024;

/** Reads both output streams of `child` until they end. */
export class ChildOutput {
  #options: ChildOutputOptions;
  #streams: Readable[];
  #stdout: string[] = [];
  #stderr = new Tail(STDERR_TAIL_BYTES);
  #bytes = 0;
  #ended: Promise<unknown>;

  constructor(child: ChildProcess, nonce: string | undefined, options: ChildOutputOptions) {
    this.#options = options;
    this.#streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
    this.#ended = Promise.all(this.#streams.map((stream) => new Promise((resolve) => stream.once("close", resolve))));
    if (child.stdout !== null) this.#readStdout(child.stdout, nonce);
    if (child.stderr !== null) this.#readStderr(child.stderr);
  }

  /** Settles when both streams have ended, or after `atMostMs`, when they are closed. */
  async ended(atMostMs: number): Promise<void> {
    await atMost(atMostMs, this.#ended);
    for (const stream of this.#streams) stream.destroy();
  }

  /** What was printed, without frames. */
  texts(): { stdout: string; stderrTail: string } {
    return { stdout: this.#stdout.join(""), stderrTail: this.#stderr.text() };
  }

  #readStdout(stream: Readable, nonce: string | undefined): void {
    const decoder = new TextDecoder();
    const take = (text: string) => {
      if (text === "") return;
      this.#stdout.push(text);
      this.#options.onOutput(text, "stdout");
    };
    const onText = (bytes: Uint8Array) => take(decoder.decode(this.#accept(bytes), { stream: true }));
    if (nonce === undefined) {
      stream.on("data", onText);
      stream.on("end", () => take(decoder.decode()));
      return;
    }
    const splitter = new FrameSplitter(nonce, { onText, onFrame: (json) => this.#readFrame(json) });
    stream.on("data", (chunk: Uint8Array) => splitter.push(chunk));
    stream.on("end", () => {
      splitter.end();
      take(decoder.decode());
    });
  }

  #readStderr(stream: Readable): void {
    const decoder = new TextDecoder();
    const take = (text: string) => {
      if (text !== "") this.#options.onOutput(text, "stderr");
    };
    stream.on("data", (chunk: Uint8Array) => {
      const accepted = this.#accept(chunk);
      this.#stderr.push(accepted);
      take(decoder.decode(accepted, { stream: true }));
    });
    stream.on("end", () => take(decoder.decode()));
  }

  /** The part of `bytes` within the limit; beyond it the child is ended. */
  #accept(bytes: Uint8Array): Uint8Array {
    const room = Math.max(0, this.#options.limitBytes - this.#bytes);
    this.#bytes += bytes.length;
    if (bytes.length <= room) return bytes;
    this.#options.onLimit();
    return bytes.subarray(0, room);
  }

  #readFrame(json: string): void {
    let envelope: Envelope;
    try {
      envelope = decodeMessage(json) as Envelope;
    } catch {
      this.#options.onBadFrame(); // something wrote into the middle of a frame
      return;
    }
    if (envelope.type === "message") this.#options.onMessage(envelope.message);
    else this.#options.onPeak(envelope.message);
  }
}

/** Keeps the last bytes of a stream. */
class Tail {
  #limitBytes: number;
  #kept = Buffer.alloc(0);

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(bytes: Uint8Array): void {
    const joined = Buffer.concat([this.#kept, bytes]);
    this.#kept = joined.subarray(Math.max(0, joined.length - this.#limitBytes));
  }

  text(): string {
    return this.#kept.toString("utf8");
  }
}
