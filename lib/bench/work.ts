// A process that does one kind of work again and again, and says how often it did.

import { type Graph, serializeGraph } from "../graph/mod.ts";
import { projectPath } from "../process/mod.ts";
import { serializeProgram, type TrainingProgram } from "../train/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";

/** What a process does, with random weights and inputs: inference of a graph with inputs `[batch, ...]`, or training steps with Adam. */
export type WorkDefinition =
  | { kind: "inference"; graph: Graph; batchSize: number }
  | { kind: "training"; program: TrainingProgram; batchSize: number };

/** What the process is told first. */
export interface Work {
  kind: WorkDefinition["kind"];
  /** A serialized graph or program. */
  definition: unknown;
  batchSize: number;
  threads: number;
}

/** What the process answers to `{ seconds }`. To a turn (`settle`, `steps`, `repeat`) it answers as `interleave` expects. */
export interface WorkAnswer {
  calls: number;
  seconds: number;
  rssBytes: number;
}

/**
 * Starts a process and waits until it has built what it will work with, and tried it.
 *
 * @throws {Error} when it fails, with the end of its error output
 */
export async function openWork(
  work: WorkDefinition,
  { threads, signal }: { threads: number; signal?: AbortSignal },
): Promise<Conversation> {
  const definition = work.kind === "inference" ? serializeGraph(work.graph) : serializeProgram(work.program);
  const module = projectPath("lib", "bench", "work_process.ts");
  const { talk } = await conversation(`a process of ${work.kind}`, { module, signal });
  await talk.ask({ kind: work.kind, definition, batchSize: work.batchSize, threads } satisfies Work);
  return talk;
}
