// From text to a compressed vector. A student reads the teacher's output, so the teacher's time is part of every text's:
// what a student adds to it is measured here, in turns, in one process.

import { type Graph, serializeGraph } from "../graph/mod.ts";
import { projectPath } from "../process/mod.ts";
import { bootstrapInterval, type Estimate, median } from "../statistics/mod.ts";
import { type Conversation, conversation } from "./conversation.ts";
import { type Block, interleave } from "./interleave.ts";
import type { TurnOptions } from "./turn_plan.ts";
import { type Comparison, judge, type Judgement, timeRatio } from "./verdict.ts";

/** What is measured. */
export interface TextToVectorOptions {
  /** Texts of one batch; a sample is the mean over batches of the same twenty texts or more. */
  batchSizes: readonly number[];
  turns: TurnOptions;
  /** Default 1. */
  threads?: number;
  signal?: AbortSignal;
}

/** Times of one batch size. */
export interface TextToVectorTiming extends Judgement {
  readonly batchSize: number;
  /** Teacher alone: tokenization, encoder, pooling; median time of a batch, in ms. */
  readonly teacherMs: Estimate;
  /** Teacher, then student. */
  readonly endToEndMs: Estimate;
  /** Teacher's time over that of teacher and student: below 1 unless the student takes no time. */
  readonly speedUp: Comparison;
  /** Time to load the teacher. */
  readonly loadMs: number;
}

const TEXTS_A_CALL = 20;

/** Batches of one call of the process: of twenty texts, or of one batch where that is more. */
export function batchesOf(batchSize: number): number {
  return Math.ceil(TEXTS_A_CALL / batchSize);
}

/** What the process is told first. */
export interface TextToVectorTask {
  student: ReturnType<typeof serializeGraph>;
  batchSize: number;
  threads: number;
}

/**
 * Times texts of wordnet-20k through the teacher, with and without a student behind it.
 *
 * @param student of one input `x [batch, width of the teacher]`; its weights are random, since only time is measured
 * @throws {Error} when the teacher's files are missing, or the process fails
 */
export async function measureTextToVector(
  student: Graph,
  { batchSizes, turns, threads = 1, signal }: TextToVectorOptions,
): Promise<TextToVectorTiming[]> {
  const timings: TextToVectorTiming[] = [];
  for (const batchSize of batchSizes) {
    const module = projectPath("lib", "bench", "text_to_vector_process.ts");
    const { talk } = await conversation("the teacher", { module, signal });
    try {
      const task = { student: serializeGraph(student), batchSize, threads } satisfies TextToVectorTask;
      const { loadMs } = await talk.ask(task) as { loadMs: number };
      timings.push({ batchSize, loadMs, ...await timed(talk, turns, batchesOf(batchSize)) });
    } finally {
      await talk.end();
    }
  }
  return timings;
}

/** Both sides are the same process, asked in turns, so that they have the same teacher in the same memory. */
async function timed(talk: Conversation, turns: TurnOptions, batches: number) {
  const side = (endToEnd: boolean): Conversation => ({
    ask: (message) => talk.ask({ ...message as object, endToEnd }),
    end: () => Promise.resolve(),
  });
  const measured = await interleave([{ talk: side(false) }, { talk: side(true) }], turns);
  const failure = measured.map((one) => one.failure).find((reason) => reason !== null);
  if (failure) throw new Error(failure);
  const [teacher, endToEnd] = measured.map(({ blocks }) => blocks);
  return {
    ...judge({ teacher, endToEnd }),
    teacherMs: medianOf(teacher, batches),
    endToEndMs: medianOf(endToEnd, batches),
    speedUp: timeRatio(teacher, endToEnd),
  };
}

/** Of a batch. */
function medianOf(blocks: readonly Block[], batches: number): Estimate {
  const samples = blocks.flat().map((callMs) => callMs / batches);
  return bootstrapInterval(samples, { statistic: median, seed: "text to vector", resamples: 1000 });
}
