// Peers: programs of tests/peers in Python, started through relay.ts and timed in turns, or the reason why they are not here.

import { bootstrapInterval, type Estimate, median } from "../../statistics/mod.ts";
import { type Conversation, conversation } from "../conversation.ts";
import { interleave } from "../interleave.ts";
import { peerChild } from "../peer_child.ts";
import type { TurnOptions } from "../turn_plan.ts";
import { judge, type Judgement } from "../verdict.ts";

/** A peer that answers, with what it says of itself, or why there is none. */
export type OpenedPeer =
  | { absent: string }
  | { absent: null; talk: Conversation; version: string; device: string };

/** Which program is started, and with what. */
export interface PeerProgram {
  python: string;
  /** Name of a file in tests/peers. */
  script: string;
  args: readonly string[];
  /** Default two hours: a session of many works. */
  deadlineMs?: number;
  signal?: AbortSignal;
}

const DEADLINE_MS = 7_200_000;
/** What stands before the end of a child's error output. */
const HOW_IT_ENDED = /^.* ended \([^)]*\): /;
const RESAMPLES = 2000;

/**
 * Starts a peer and waits until it is ready. The caller ends the conversation.
 *
 * @param label how messages name it
 * @returns the conversation, or the last sentence of the program's error output
 * @throws the signal's reason when it aborts
 *
 * @example
 * ```ts
 * import { openPeer } from "lib/bench/subjects/open_peer.ts";
 * const opened = await openPeer("numpy", { python: "/no/such/python", script: "tensor_ops.py", args: ["numpy", "1", "cpu"] });
 * if (opened.absent === null) throw new Error("there is no such Python");
 * ```
 */
export async function openPeer(
  label: string,
  { python, script, args, deadlineMs = DEADLINE_MS, signal }: PeerProgram,
): Promise<OpenedPeer> {
  try {
    const { talk, greeting } = await conversation(label, {
      ...peerChild(python, script, { args }),
      deadlineMs,
      signal,
    });
    return { absent: null, talk, ...greeting as { version: string; device: string } };
  } catch (error) {
    signal?.throwIfAborted();
    return { absent: (error as Error).message.split("\n").at(-1)!.replace(HOW_IT_ENDED, "") };
  }
}

/** Time of a call of what a peer has opened, with the verdict; a sentence where it failed. */
export async function timePeer(
  talk: Conversation,
  turns: TurnOptions,
): Promise<(Judgement & { timeMs: Estimate }) | string> {
  const [{ blocks, failure }] = await interleave([{ talk }], turns);
  if (failure !== null) return failure;
  const medians = blocks.map((block) => median(block));
  const timeMs = bootstrapInterval(medians, { statistic: median, seed: "peers", resamples: RESAMPLES });
  return { ...judge({ calls: blocks }), timeMs: { ...timeMs, n: blocks.flat().length } };
}
