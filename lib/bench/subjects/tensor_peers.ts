// The operations of tensor_ops.ts in NumPy, PyTorch and MLX on the same machine: tests/peers/tensor_ops.py computes and times, its
// results on small inputs are compared with the float64 interpreter first.

import { interpret } from "../../graph/mod.ts";
import { type Estimate, random } from "../../statistics/mod.ts";
import type { Conversation } from "../conversation.ts";
import type { TurnOptions } from "../turn_plan.ts";
import type { Judgement } from "../verdict.ts";
import { openPeer, timePeer } from "./open_peer.ts";
import { ELEMENTWISE, elementwise, matrixProduct, normalization, plainAttention, type TensorOp } from "./tensor_ops.ts";

/** Frameworks and devices that are tried. */
export const TENSOR_PEERS = ["numpy", "torch cpu", "torch cuda", "torch mps", "mlx"] as const;
/** One of {@link TENSOR_PEERS}. */
export type TensorPeer = typeof TENSOR_PEERS[number];

/** An operation as the peers know it. */
export interface PeerOperation {
  kind: "matmul" | "attention" | "layerNorm" | typeof ELEMENTWISE[number];
  /** `[side, side]`; `[batch, length, width, heads]` of attention; `[batch, length, width]` of layer norm. */
  shape: number[];
}

/** What came of an operation. */
export interface PeerTiming extends Judgement {
  /** Time of a call. */
  timeMs: Estimate;
}

/** What came of a peer: why it is absent, or its version and an answer for each operation. */
export type PeerResult =
  | { peer: TensorPeer; absent: string }
  | { peer: TensorPeer; absent: null; version: string; device: string; timings: (PeerTiming | string)[] };

/** How peers are measured. */
export interface PeerOptions {
  python: string;
  /** Of PyTorch on the CPU. */
  threads: number;
  turns: TurnOptions;
  /** Makes the timing of an operation, by its place, or gives one that was kept. */
  keep?: (operation: number, measure: () => Promise<PeerTiming | string>) => Promise<PeerTiming | string>;
  signal?: AbortSignal;
}

const TOLERANCE = 1e-4;
/** The order in which the peers take inputs. */
const INPUT_ORDER = ["left", "right", "x", "other", "scale", "bias", "query", "key", "value"];
const SMALL: Record<PeerOperation["kind"], readonly number[]> = {
  matmul: [6, 6],
  addition: [6, 6],
  multiplication: [6, 6],
  relu: [6, 6],
  softmax: [6, 6],
  attention: [2, 5, 12, 3],
  layerNorm: [2, 5, 12],
};

/**
 * Measures operations with one peer. What it computes wrongly is not timed: its entry is a sentence that says so.
 *
 * @returns a timing, or a sentence, for each operation
 */
export async function measurePeer(
  peer: TensorPeer,
  operations: readonly PeerOperation[],
  { python, threads, turns, keep = (_, measure) => measure(), signal }: PeerOptions,
): Promise<PeerResult> {
  const [framework, device = "cpu"] = peer.split(" ");
  const args = [framework, String(threads), device];
  const opened = await openPeer(peer, { python, script: "tensor_ops.py", args, signal });
  if (opened.absent !== null) return { peer, absent: opened.absent };
  const { talk, version, device: used } = opened;
  try {
    const timings: (PeerTiming | string)[] = [];
    for (const [i, operation] of operations.entries()) {
      timings.push(
        await keep(i, () => timeOperation(talk, operation, turns).catch((error: Error) => error.message)),
      );
    }
    return { peer, absent: null, version, device: used, timings };
  } finally {
    await talk.end();
  }
}

async function timeOperation(
  talk: Conversation,
  operation: PeerOperation,
  turns: TurnOptions,
): Promise<PeerTiming | string> {
  const difference = await checkSmall(talk, operation.kind);
  if (!(difference <= TOLERANCE)) return `wrong output, not timed: it differs by ${difference} of its largest value`;
  await talk.ask({ open: operation });
  return await timePeer(talk, turns);
}

/** Largest difference from the interpreter over the largest value. */
async function checkSmall(talk: Conversation, kind: PeerOperation["kind"]): Promise<number> {
  const shape = [...SMALL[kind]];
  const { graph } = operationOf({ kind, shape }).subject;
  const inputs = INPUT_ORDER.filter((name) => name in graph.inputs).map((name) => {
    const tensor = graph.inputs[name];
    const dims = tensor.shape as number[];
    const data = new Float32Array(dims.reduce((product, size) => product * size, 1));
    return { name, shape: dims, data: random(1, "peers", kind, name).fillUniform(data, -1, 1) };
  });
  const expected = interpret(graph, Object.fromEntries(inputs.map(({ name, ...feed }) => [name, feed])));
  const asked = { kind, shape, inputs: inputs.map(({ data }) => Array.from(data)) };
  const { values } = await talk.ask({ check: asked }) as { values: number[] };
  const [reference] = Object.values(expected);
  if (values.length !== reference.data.length) return Infinity;
  const differences = values.map((value, i) => Math.abs(value - reference.data[i]));
  return Math.max(...differences) / Math.max(...Array.from(reference.data, Math.abs));
}

/** The same operation as a subject of ours. */
export function operationOf({ kind, shape }: PeerOperation): TensorOp {
  const [first, length, width, heads] = shape;
  switch (kind) {
    case "matmul":
      return matrixProduct({ m: first });
    case "attention":
      return plainAttention({ batch: first, length, width, heads });
    case "layerNorm":
      return normalization([first, length, width]);
    default:
      return elementwise(kind, first);
  }
}
