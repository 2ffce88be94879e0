// The sides of a cell: what each is, the child that it runs in, and starting them together.

import type { ChildOptions } from "../process/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";

/** Our side; a peer that the ratio is of, when it is the fastest; a peer that is shown beside them. */
export type Role = "ours" | "rival" | "other";

/** A side that is wanted. */
export interface SideSettings {
  name: string;
  role: Role;
  /** How it is set up, in words. */
  settings: string;
  /** The child, or a sentence that says why there is none. */
  child: ChildOptions | string;
}

/** The first message of every side: it has built its model, taken its first steps and can be asked for more. */
export interface Greeting {
  /** Time to build the model and to compile it; sides start together and slow each other down. */
  createMs: number;
  /** Time of the first steps, which are checked and not counted. */
  checkedStepsMs: number;
  /** Of the framework. */
  version?: string;
  /** Of the first steps, in training. */
  losses?: number[];
}

/** A side that can be asked. */
export interface OpenedSide extends SideSettings {
  talk: Conversation;
  greeting: Greeting;
}

/** A side that is not measured, and why. */
export interface MissingSide {
  name: string;
  reason: string;
  /** Whether the reason is that it takes too long: then larger sizes are not tried. */
  overBudget: boolean;
}

/**
 * Starts all sides.
 *
 * @param startMs how long a side of each role may take until it can be asked
 * @returns those that are ready, in the order given, and those that are not
 * @throws {Error} when our side cannot be started, or the signal aborts; nothing is left running
 */
export async function openSides(
  wanted: readonly SideSettings[],
  { startMs, signal }: { startMs: Readonly<Record<Role, number>>; signal?: AbortSignal },
): Promise<{ opened: OpenedSide[]; missing: MissingSide[] }> {
  const results = await Promise.all(wanted.map((side) => openSide(side, { startMs, signal })));
  const opened = results.flatMap((result) => ("talk" in result ? [result] : []));
  const missing = results.flatMap((result) => ("talk" in result ? [] : [result]));
  const fatal = missing.find(({ name }) => wanted.find((side) => side.name === name)?.role === "ours");
  if (!fatal && !signal?.aborted) return { opened, missing };
  await endSides(opened);
  throw signal?.aborted ? signal.reason : new Error(fatal?.reason);
}

/** Lets all sides end, and waits until they have given back their memory. */
export async function endSides(sides: readonly OpenedSide[]): Promise<void> {
  await Promise.all(sides.map(({ talk }) => talk.end()));
}

async function openSide(
  side: SideSettings,
  { startMs, signal }: { startMs: Readonly<Record<Role, number>>; signal?: AbortSignal },
): Promise<OpenedSide | MissingSide> {
  const { name, child } = side;
  const limitMs = startMs[side.role];
  if (typeof child === "string") return { name, reason: child, overBudget: false };
  const late = new AbortController();
  const timer = limitMs === Infinity ? undefined : setTimeout(() => late.abort(), limitMs);
  try {
    const ends = AbortSignal.any(signal ? [signal, late.signal] : [late.signal]);
    const { talk, greeting } = await conversation(name, { ...child, signal: ends });
    return { ...side, talk, greeting: greeting as Greeting };
  } catch (error) {
    const overBudget = late.signal.aborted;
    const reason = overBudget
      ? `skipped: it did not take its first steps within ${(limitMs / 1000).toFixed(0)} s`
      : (error as Error).message;
    return { name, reason, overBudget };
  } finally {
    clearTimeout(timer);
  }
}
