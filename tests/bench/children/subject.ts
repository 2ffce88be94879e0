// A subject of `bench` that behaves as its option says: "ok", "wrong", "crash" or "hang" at its third call, "memory", "exit", "refuses".

import process from "node:process";
import type { OpenedSubject } from "lib/bench/mod.ts";

const kept: Uint8Array[] = [];

/** Opens the subject. */
export function open(how: string): OpenedSubject {
  if (how === "refuses") throw new Error("this subject cannot be opened");
  let calls = 0;
  return {
    call() {
      calls++;
      if (how === "crash" && calls === 3) process.kill(process.pid, "SIGKILL");
      if (how === "exit" && calls === 3) process.exit(7);
      while (how === "hang" && calls === 3);
      while (how === "memory" && calls === 3) kept.push(new Uint8Array(2 ** 25).fill(1));
    },
    check: () => ({
      reference: "itself",
      relativeError: how === "wrong" ? 0.5 : 0,
      bound: 0.1,
      output: "y",
      elements: 1,
    }),
  };
}
