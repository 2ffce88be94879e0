// The programs of a study's trials, each once: trials that differ in seed or settings only share one. Each trial is traced all the same,
// since only that shows what its functions do now; tracing is most of what defining a large study takes.

import { parameterCount, type Tensor, withoutOrigin } from "../graph/mod.ts";
import { canonicalJson, sha256Hex } from "../process/mod.ts";
import {
  type Loss,
  type Metrics,
  type ProgramOptions,
  type SerializedProgram,
  serializeProgram,
  traceProgram,
} from "../train/mod.ts";

/** A program as a trial needs it. */
export interface TrialProgram {
  /** As it comes back from JSON; one object for equal programs. */
  program: SerializedProgram;
  parameterCount: number;
}

/** Traces programs and keeps them. */
export class TrialPrograms {
  /** By a hash of the program as plain JSON, which is quicker to write than the canonical text that its identity is made of. */
  readonly #byText = new Map<string, TrialProgram>();
  /** By that identity. */
  readonly #byHash = new Map<string, TrialProgram>();

  /** @throws {TypeError | RangeError} when something is no symbolic tensor, or as `traceProgram` */
  trace({ model, loss, metrics, targets }: ProgramOptions): TrialProgram {
    const checked = { model, loss: checkedLoss(loss), metrics: metrics && checkedMetrics(metrics), targets };
    const program = quicklyTraced(checked);
    const serialized = serializeProgram(program);
    const textHash = sha256Hex(JSON.stringify(serialized));
    const known = this.#byText.get(textHash) ?? this.#identified(serialized, parameterCount(program.forward));
    this.#byText.set(textHash, known);
    return known;
  }

  #identified(serialized: SerializedProgram, parameterCount: number): TrialProgram {
    const text = canonicalJson(serialized);
    const hash = sha256Hex(text);
    const known = this.#byHash.get(hash) ?? { program: JSON.parse(text), parameterCount };
    this.#byHash.set(hash, known);
    return known;
  }
}

/** Without noting where each operator is written, which takes long; when something is refused it is noted, for the message. */
function quicklyTraced(parts: ProgramOptions): ReturnType<typeof traceProgram> {
  try {
    return withoutOrigin(() => traceProgram(parts));
  } catch {
    return traceProgram(parts);
  }
}

function checkedLoss(loss: Loss): Loss {
  return (outputs, batch) => expectTensor("the loss", loss(outputs, batch));
}

function checkedMetrics(metrics: Metrics): Metrics {
  return (outputs, batch) => {
    const values = metrics(outputs, batch);
    for (const [name, value] of Object.entries(values)) expectTensor(`metric ${name}`, value);
    return values;
  };
}

function expectTensor(name: string, value: unknown): Tensor {
  if (value !== null && typeof value === "object" && "source" in value && "shape" in value) return value as Tensor;
  const got = value instanceof Promise ? "a promise" : value === null ? "null" : typeof value;
  throw new TypeError(
    `expected ${name} to be a symbolic tensor, got ${got}; it is traced once into a graph, so it is written with lib/graph's operators`,
  );
}
