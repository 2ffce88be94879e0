// Entry point of a headless notebook process: `deno run headless_main.ts <url of the generated module>`. Whatever ends the module early
// is told to the runner as an event; a process that ends without one was killed.

import process from "node:process";
import { emit, exitQuietly } from "./headless_cells.ts";
import type { HeadlessEvent } from "./jupyter.ts";

/** How long a finished notebook may keep timers or servers alive before it is ended. */
const LINGER_MS = 2000;

type Origin = Extract<HeadlessEvent, { type: "error" }>["origin"];

function reportAndExit(reason: unknown, origin: Origin): never {
  emit({ type: "error", origin, ...described(reason) });
  return exitQuietly(1);
}

function described(reason: unknown): { name: string; message: string; stack: string } {
  if (!(reason instanceof Error)) return { name: "Thrown value", message: Deno.inspect(reason), stack: "" };
  let message = reason.message;
  const seen = new Set<unknown>([reason]);
  for (let cause = reason.cause; cause !== undefined && !seen.has(cause);) {
    seen.add(cause);
    message += `; caused by ${cause instanceof Error ? `${cause.name}: ${cause.message}` : Deno.inspect(cause)}`;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  if (reason instanceof AggregateError) message += `: ${reason.errors.map((error) => String(error)).join("; ")}`;
  return { name: reason.name, message, stack: reason.stack ?? "" };
}

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  reportAndExit(event.reason, "rejection");
});
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  reportAndExit(event.error, "callback");
});

const moduleUrl = process.argv[2];
try {
  await import(moduleUrl);
} catch (error) {
  reportAndExit(error, "cell");
}
emit({ type: "done" });
// A timer that still runs may throw, which counts; one that never ends must not hold the report back.
Deno.unrefTimer(setTimeout(() => exitQuietly(0), LINGER_MS));
