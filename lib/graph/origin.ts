// Where in the model's code an operation was written, for the messages of errors that come up later: on a provider, in a rewrite.
// The stack is captured when an operation is applied (about 10 us) and read only when an error asks for it. Operations that are
// made from others, as gradients and rewrites are, have the place of those.

import type { Operation } from "./tensor.ts";

/** Frames kept: the layers between a model's line and an operator are fewer. */
const FRAMES = 25;

interface Origin {
  /** Holds the stack; null once it was read, or where there is none to tell. */
  captured: { stack?: string } | null;
  place: string | null;
}

const origins = new WeakMap<Operation, Origin>();
/** The origin of what is being made from another operation. */
let current: Origin | null = null;

/** Keeps from where an operation is applied. */
export function rememberOrigin(operation: Operation): void {
  origins.set(operation, current ?? { captured: captureStack(), place: null });
}

function captureStack(): { stack?: string } {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const captured = {};
  Error.captureStackTrace?.(captured);
  Error.stackTraceLimit = limit;
  return captured;
}

/** Calls `make`; the operations that it applies have the origin of `operation`. */
export function withOriginOf<T>(operation: Operation, make: () => T): T {
  return withOrigin(origins.get(operation) ?? current, make);
}

/** Calls `make`; the operations that it applies have no origin, as those that are read from a file. */
export function withoutOrigin<T>(make: () => T): T {
  return withOrigin({ captured: null, place: null }, make);
}

function withOrigin<T>(origin: Origin | null, make: () => T): T {
  const outer = current;
  current = origin;
  try {
    return make();
  } finally {
    current = outer;
  }
}

/**
 * The line of the model that applied an operation, `file:///lab/model.ts:12:5`; null when it is not known, as in graphs that
 * were read from JSON.
 *
 * @example
 * ```ts
 * import { input, type Operation, originOf, relu } from "lib/graph/mod.ts";
 * const y = relu(input("x", "float32", ["n"]));
 * console.log(originOf(y.source as Operation)); // file:///lab/model.ts:2:11
 * ```
 */
export function originOf(operation: Operation): string | null {
  const origin = origins.get(operation);
  return origin ? placeOf(origin) : null;
}

function placeOf(origin: Origin): string | null {
  if (origin.captured) {
    origin.place = modelPlace(origin.captured.stack ?? "");
    origin.captured = null;
  }
  return origin.place;
}

/** `, at file:///lab/model.ts:12:5` for a message; empty when the place is not known. */
export function atOrigin(operation: Operation): string {
  const place = originOf(operation);
  return place === null ? "" : `, at ${place}`;
}

const located = new WeakSet<Error>();

/**
 * Adds the line of the model to the message of an error that was thrown while a model was written; once.
 *
 * @param thrownHere the error's own stack may be too short: the present one says the same, as far out as it goes
 * @returns what was given
 */
export function locateError(error: unknown, { thrownHere = false }: { thrownHere?: boolean } = {}): unknown {
  if (!(error instanceof Error) || located.has(error)) return error;
  const place = current
    ? placeOf(current)
    : modelPlace(error.stack ?? "") ?? (thrownHere ? modelPlace(captureStack().stack ?? "") : null);
  if (place === null) return error;
  located.add(error);
  const { message, stack } = error;
  error.message = `${message}, at ${place}`;
  if (stack?.includes(message)) error.stack = stack.replace(message, () => error.message);
  return error;
}

/** Places of a stack, innermost first. */
function places(stack: string): string[] {
  return [...stack.matchAll(/^ +at (?:.*\()?(.+?:\d+:\d+)\)?$/gm)].map(([, place]) => place);
}

/** The innermost frame outside of the rooms that apply operators or trace: a line of the model. */
function modelPlace(stack: string): string | null {
  const own = ownCode ??= ownCodeOf(places(captureStack().stack ?? "")[0] ?? "");
  const isModel = (place: string) =>
    !own.some((start) => place.startsWith(start)) && !/^(?:ext|node|native):/.test(place);
  return places(stack).find(isModel) ?? null;
}

let ownCode: readonly string[] | undefined;

/** How places in code begin that no model is written in, also those that call its functions; a bundle has it all in one file. */
function ownCodeOf(place: string): string[] {
  const [lib, inSources] = place.split("graph/origin.ts:");
  return inSources
    ? ["graph", "nn", "train", "sweep"].map((room) => `${lib}${room}/`)
    : [place.replace(/\d+:\d+$/, "")];
}
