// How fast memory is read, for rooflines: a table that is far larger than the caches is summed row by row with as many threads as the
// benchmark has. One way alone may be slower than memory is, and would flatter whatever is compared with it: the fastest way counts.

import { projectPath } from "../process/mod.ts";
import { median } from "../statistics/mod.ts";
import { report, transformersChild, type TurnContext } from "./lm_turn.ts";

/** What a process is asked to read. */
export interface ReadTask {
  bytes: number;
  threads: number;
  /** Times that all of it is read and that count. */
  passes: number;
  device: "cpu" | "cuda";
}

/** One way of reading. */
export interface ReadWay {
  name: string;
  bytesPerSecond: number[];
}

/** Ways of reading on the CPU: ONNX Runtime's ReduceSum and Gemm of one row, and PyTorch's sum when there is a peer. On a GPU: PyTorch's sum alone. */
export async function readWays(task: ReadTask, context: TurnContext): Promise<ReadWay[]> {
  const ways: ReadWay[] = [];
  const argument = JSON.stringify(task);
  if (task.device === "cpu") {
    const module = projectPath("lib", "bench", "read_bandwidth_child.ts");
    ways.push(...await report<{ ways: ReadWay[] }>("reading", { module, args: [argument] }, context).then(waysOf));
  }
  if (context.peerPython !== null) {
    const child = transformersChild(["read", argument], { threads: task.threads, python: context.peerPython });
    const onGpu = task.device !== "cpu";
    try {
      ways.push(
        ...await report<{ ways: ReadWay[] }>("reading with PyTorch", child, { ...context, onGpu }).then(waysOf),
      );
    } catch (error) {
      // A Python without PyTorch is told where it is compared with; what was read without it holds.
      if (context.signal?.aborted || ways.length === 0) throw error;
    }
  }
  return ways;
}

const waysOf = ({ ways }: { ways: ReadWay[] }) => ways;

/** A way with its medians. */
export interface FastestWay {
  name: string;
  /** Bytes a second of each round; null where it was not measured. */
  roundMedians: (number | null)[];
  /** Over all rounds. */
  median: number;
}

/** The way with the highest median over all rounds; null when nothing was read. */
export function fastestWay(rounds: readonly (readonly ReadWay[])[]): FastestWay | null {
  const names = new Set(rounds.flatMap((ways) => ways.map(({ name }) => name)));
  const found = [...names].map((name): FastestWay => {
    const roundMedians = rounds.map((ways) => {
      const way = ways.find((one) => one.name === name);
      return way === undefined ? null : median(way.bytesPerSecond);
    });
    return { name, roundMedians, median: median(roundMedians.filter((rate) => rate !== null)) };
  });
  return found.length === 0 ? null : found.reduce((best, way) => (way.median > best.median ? way : best));
}
