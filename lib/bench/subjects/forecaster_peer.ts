// The forecaster in PyTorch on the same machine (tests/peers/forecaster.py), for training and inference: same weights, same rows, and the
// same results before anything is timed.

import { bindDimensions, type Graph } from "../../graph/mod.ts";
import { type ForecasterConfig, forecasterTrial } from "../../models/forecaster.ts";
import { type ArrayValue, compile } from "../../runtime/mod.ts";
import type { Estimate } from "../../statistics/mod.ts";
import { adamW, type CpuStepper, cpuStepper, traceProgram } from "../../train/mod.ts";
import type { Conversation } from "../conversation.ts";
import { fillExact, setExactWeights } from "../exact_values.ts";
import type { TurnOptions } from "../turn_plan.ts";
import type { Judgement } from "../verdict.ts";
import { openPeer, timePeer } from "./open_peer.ts";

/** Devices of PyTorch that are tried. */
export const FORECASTER_PEERS = ["torch cpu", "torch cuda", "torch mps"] as const;
/** One of {@link FORECASTER_PEERS}. */
export type ForecasterPeer = typeof FORECASTER_PEERS[number];

/** What is timed: a forward pass of `rows`, or an update of `batches` batches of `rows`. */
export interface PeerWork {
  mode: "infer" | "train";
  config: Required<ForecasterConfig>;
  rows: number;
  batches: number;
  maxGradientNorm: number;
}

/** Times of a work, or a sentence that says why there are none. */
export type PeerAnswer = (Judgement & { timeMs: Estimate }) | string;

/** What came of a peer. */
export type ForecasterPeerResult =
  | { peer: ForecasterPeer; absent: string }
  | { peer: ForecasterPeer; absent: null; version: string; device: string; answers: PeerAnswer[] };

const [X_STREAM, Y_STREAM] = [1000, 1001];
const LEARNING_RATE = 1e-3;
/** Over the largest value. */
const TOLERANCE = 1e-3;

/** Measures works with PyTorch on one device. */
export async function measureForecasterPeer(
  peer: ForecasterPeer,
  works: readonly PeerWork[],
  { python, threads, turns, signal }: { python: string; threads: number; turns: TurnOptions; signal?: AbortSignal },
): Promise<ForecasterPeerResult> {
  const [, device] = peer.split(" ");
  const opened = await openPeer(peer, { python, script: "forecaster.py", args: [String(threads), device], signal });
  if (opened.absent !== null) return { peer, absent: opened.absent };
  const { talk, version, device: used } = opened;
  const answers: PeerAnswer[] = [];
  try {
    for (const work of works) answers.push(await timeWork(talk, work, turns).catch((error: Error) => error.message));
  } finally {
    await talk.end();
  }
  return { peer, absent: null, version, device: used, answers };
}

async function timeWork(talk: Conversation, work: PeerWork, turns: TurnOptions): Promise<PeerAnswer> {
  if (work.config.cell !== "lstm") return "the peer has LSTM cells only";
  const { names, values } = await talk.ask({ open: work }) as { names: string[]; values: number[] };
  const expected =
    await (work.mode === "infer" ? inferred(work, names) : trained(work, { names, updates: values.length }));
  const largest = Math.max(...expected.map(Math.abs));
  const difference = Math.max(...expected.map((value, i) => Math.abs(value - values[i]))) / largest;
  if (values.length !== expected.length || !(difference <= TOLERANCE)) {
    return `wrong results, not timed: they differ by ${difference} of the largest value`;
  }
  return await timePeer(talk, turns);
}

const exact = (shape: readonly number[], stream: number) =>
  fillExact(new Float32Array(shape.reduce((product, dim) => product * dim, 1)), { stream });

/** Sets parameters in the order of the peer's names. */
function setInOrder(names: readonly string[], values: Readonly<Record<string, ArrayValue>>): void {
  const missing = [...names, ...Object.keys(values)].find((name) => !values[name] || !names.includes(name));
  if (missing) throw new Error(`Cannot compare with PyTorch: only one side has the parameter ${missing}`);
  setExactWeights(names.map((name) => ({ shape: values[name].shape, parameter: values[name].data as Float32Array })));
}

async function inferred({ config, rows }: PeerWork, names: readonly string[]): Promise<number[]> {
  const graph: Graph = bindDimensions(forecasterTrial(config).model.trace(), { batch: rows });
  const weights = Object.fromEntries(graph.parameters.map(({ shape, source: { name } }) => {
    const sizes = shape as number[];
    return [name, { dtype: "float32" as const, shape: sizes, data: exact(sizes, 0) }];
  }));
  setInOrder(names, weights);
  const session = await compile(graph, { weights });
  const shape = [rows, config.context, config.features];
  const { output } = await session.run({ x: { dtype: "float32", shape, data: exact(shape, X_STREAM) } });
  await session.release();
  return Array.from(output.data as Float32Array);
}

async function trained(
  work: PeerWork,
  { names, updates }: { names: readonly string[]; updates: number },
): Promise<number[]> {
  const { config, rows, batches, maxGradientNorm } = work;
  const stepper: CpuStepper = await cpuStepper(traceProgram(forecasterTrial(config)).loss, {
    batchSize: rows,
    optimizer: adamW({ learningRate: LEARNING_RATE }),
    seed: 1,
    maxGradientNorm,
    accumulationSteps: batches,
  });
  setInOrder(names, stepper.weights);
  stepper.batch.x.set(exact([rows, config.context, config.features], X_STREAM));
  stepper.batch.y.set(exact([rows, config.horizon], Y_STREAM));
  const losses: number[] = [];
  for (let step = 1; step <= updates; step++) {
    for (let i = 1; i < batches; i++) await stepper.accumulate();
    losses.push(await stepper.step({ step, learningRate: LEARNING_RATE }));
  }
  await stepper.release();
  return losses;
}
