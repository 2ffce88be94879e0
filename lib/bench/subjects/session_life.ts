// Subjects about what surrounds a computation on the CPU: creating a session anew, copying its inputs and outputs, other memory that
// is held meanwhile. Each is a module that the process of a benchmark opens.

import { type ArrayValue, graph, input, matMul, relu } from "../../graph/mod.ts";
import { projectPath } from "../../process/mod.ts";
import { compile, type Session } from "../../runtime/mod.ts";
import { fillExact } from "../exact_values.ts";
import type { Correctness } from "../harness/correctness.ts";
import type { OpenedSubject, OpenOptions } from "../harness/open_subject.ts";
import type { ModuleSubject } from "../harness/subject.ts";

/**
 * What is done at a call:
 * - `created`: a session for a product of two `side x side` matrices is created, run once and released;
 * - `bound`: ReLU of `side x side` in memory that ONNX Runtime reads and writes itself;
 * - `copied`: the same, its input copied in and its output copied out;
 * - `view`: a view of the matrix is made, nothing is moved;
 * - `held`: the product, while `arrays` arrays of `arrayBytes` are held; `freed`: after they were freed.
 */
export interface SessionLife {
  kind: "created" | "bound" | "copied" | "view" | "held" | "freed";
  side: number;
  arrays?: number;
  arrayBytes?: number;
}

/** A subject of this module. */
export function sessionLife(options: SessionLife): ModuleSubject {
  const { kind, side, arrays = 0, arrayBytes = 0 } = options;
  const memory = arrays > 0 ? `, ${arrays} x ${arrayBytes} bytes` : "";
  return {
    name: `${kind} ${side}x${side}${memory}`,
    module: projectPath("lib", "bench", "subjects", "session_life.ts"),
    options: { kind, side, arrays, arrayBytes },
  };
}

const BOUND = 1e-4;
/** Elements whose value is computed again by hand. */
const PROBES = 64;

/** Opens it, in the process that measures. */
export async function open(
  { kind, side, arrays = 0, arrayBytes = 0 }: SessionLife,
  { threads }: Pick<OpenOptions, "threads">,
): Promise<OpenedSubject> {
  if (kind === "bound" || kind === "copied" || kind === "view") return await openTransfer(kind, { side, threads });
  const held = Array.from({ length: kind === "created" ? 0 : arrays }, () => new Uint8Array(arrayBytes).fill(1));
  if (kind === "freed") { for (const { buffer } of held) buffer.transfer(0); // gives the memory back now
   }
  const feeds = { left: matrix(side, 1), right: matrix(side, 2) };
  const model = graph("product", {
    y: matMul(input("left", "float32", [side, side]), input("right", "float32", [side, side])),
  });
  let last: Record<string, ArrayValue> = {};
  const check = () => probe(last.y.data as Float32Array, (i) => productAt(feeds.left, feeds.right, { side, i }));
  if (kind === "created") {
    return {
      check,
      call: async () => {
        const session = await compile(model, { threads });
        last = await session.run(feeds);
        await session.release();
      },
    };
  }
  const session = await compile(model, { threads });
  last = await session.run(feeds);
  const bound = session.bind(feeds, last);
  return { check, call: () => bound.run(), release: () => end(session, held) };
}

async function end(session: Session, held: readonly Uint8Array[]): Promise<void> {
  // Read here, so that the arrays were held until now.
  if (held.some((array) => array.length > 0 && array[0] !== 1)) throw new Error("internal: held memory has changed");
  await session.release();
}

async function openTransfer(
  kind: "bound" | "copied" | "view",
  { side, threads }: { side: number; threads: number },
): Promise<OpenedSubject> {
  const source = matrix(side, 1);
  const values = source.data as Float32Array;
  const check = (result: () => Float32Array) => () => probe(result(), (i) => Math.max(0, values[i]));
  if (kind === "view") {
    let view = values;
    const positive = () => view.map((value) => Math.max(0, value));
    return { call: () => void (view = values.subarray(0)), check: check(positive) };
  }
  const session = await compile(graph("positive", { y: relu(input("x", "float32", [side, side])) }), { threads });
  const x = matrix(side, 1);
  const { y } = await session.run({ x });
  const bound = session.bind({ x }, { y });
  let result = y.data as Float32Array;
  const copied = async () => {
    (x.data as Float32Array).set(values);
    await bound.run();
    result = (y.data as Float32Array).slice();
  };
  return {
    call: kind === "bound" ? () => bound.run() : copied,
    check: check(() => result),
    release: () => session.release(),
  };
}

const matrix = (side: number, stream: number): ArrayValue => ({
  dtype: "float32",
  shape: [side, side],
  data: fillExact(new Float32Array(side * side), { stream }),
});

function productAt(
  left: ArrayValue,
  right: ArrayValue,
  { side, i }: { side: number; i: number },
): number {
  const [row, column] = [Math.floor(i / side), i % side];
  let sum = 0;
  for (let k = 0; k < side; k++) sum += Number(left.data[row * side + k]) * Number(right.data[k * side + column]);
  return sum;
}

/** Compares evenly spread elements with what they must be. */
function probe(result: Float32Array, expected: (i: number) => number): Correctness {
  const step = Math.max(1, Math.floor(result.length / PROBES));
  let [difference, largest, elements] = [0, 0, 0];
  for (let i = 0; i < result.length; i += step) {
    const value = expected(i);
    difference = Math.max(difference, Math.abs(value - result[i]));
    largest = Math.max(largest, Math.abs(value));
    elements++;
  }
  return {
    reference: "float64, element by element",
    relativeError: difference === 0 ? 0 : difference / largest,
    bound: BOUND,
    output: "y",
    elements,
  };
}
