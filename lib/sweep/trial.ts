// Trials as data: model, loss and metrics are traced into graphs here, so that another process can run what was perhaps defined
// in a notebook cell. The SHA-256 of a definition is the trial's key: for resuming, and as the identity of its code.

import type { DataReference } from "../data/mod.ts";
import type { Tensor } from "../graph/mod.ts";
import type { Model, TensorSpec } from "../nn/mod.ts";
import { canonicalJson, type JsonValue, sha256Hex } from "../process/mod.ts";
import {
  type CompleteSettings,
  completeSettings,
  type DataSource,
  type Loss,
  type SerializedProgram,
  type Tensors,
  type TrainSettings,
} from "../train/mod.ts";
import { canonicalText } from "./canonical_text.ts";
import type { AnyPoint } from "./space.ts";
import type { TrialPrograms } from "./trial_programs.ts";

/** What a study's `trial` function returns: what to train, on what and how. `Metric` holds the names of the metrics. */
export interface TrialSpec<Metric extends string = string> extends Omit<TrainSettings, "seed"> {
  model: Model;
  loss: Loss;
  metrics?: (outputs: Tensors, batch: Tensors) => Record<Metric, Tensor>;
  /** Batch tensors beyond the model's inputs, such as labels. */
  targets?: Readonly<Record<string, TensorSpec>>;
  /** A reference, or training data in memory, of which the reference is taken. */
  data: DataSource;
  /** Default: the point's value on the axis made by `seeds`, else 1. */
  seed?: number;
}

/** Settings of a trial; threads only where the trial itself gives them, since else they are the run's choice. */
export type TrialSettings = Omit<CompleteSettings, "threads"> & { threads?: number };

/** Everything that determines a trial's numbers, as plain JSON. */
export interface TrialDefinition {
  program: SerializedProgram;
  settings: TrialSettings;
  data: DataReference;
}

/** One point of a study. */
export interface Trial<P = AnyPoint> {
  /** SHA-256 of the definition, 64 hexadecimal digits. */
  readonly key: string;
  readonly parameters: P;
  readonly parameterCount: number;
  readonly definition: TrialDefinition;
}

/** Raised when the same definition would give other numbers than before (another initialisation, another optimizer kernel). */
const NUMERICS_VERSION = 2;

const ELSEWHERE =
  "a trial runs in another process, which takes model, loss and metrics as traced graphs and all else as data";

/** What `tracedTrial` needs beside the spec. */
export interface TracingOptions {
  /** How messages begin. */
  label: string;
  parameters: AnyPoint;
  /** Seed where the spec gives none. */
  seed: number;
  /** Of the whole study. */
  programs: TrialPrograms;
}

/**
 * Traces what a `trial` function returned.
 *
 * @throws {TypeError | RangeError} beginning with the label, when something cannot be traced or is no data
 */
export function tracedTrial(spec: TrialSpec, { label, parameters, seed, programs }: TracingOptions): Trial {
  checkSpec(label, spec);
  const { model, loss, metrics, targets, data, ...given } = spec;
  try {
    canonicalText(given, { label, path: "the settings" });
  } catch (error) {
    throw new TypeError(`${(error as Error).message}; ${ELSEWHERE}`, { cause: error });
  }
  const { program, parameterCount } = programs.trace({ model, loss, metrics, targets });
  const { threads, ...complete } = completeSettings({ ...given, seed: given.seed ?? seed });
  const settings = { ...complete, ...(given.threads !== undefined && { threads }) } as TrialSettings;
  const definition = {
    program,
    settings,
    data: referenceOf(label, data),
  };
  return { key: trialKey(definition), parameters, parameterCount, definition };
}

/** The key of a definition. Where the data lies does not count, only what it is. */
export function trialKey({ program, settings, data }: TrialDefinition): string {
  const { hash, columns, trainRows } = data; // not the dataset's place, which may move
  const rows = { hash, columns, ...(trainRows !== undefined && { trainRows }) };
  const identity = { numerics: NUMERICS_VERSION, program: programHash(program), settings, data: rows };
  return sha256Hex(canonicalJson(identity));
}

/** SHA-256 of a program; computed once for each object. */
export function programHash(program: SerializedProgram): string {
  const known = hashes.get(program) ?? sha256Hex(canonicalJson(program));
  hashes.set(program, known);
  return known;
}

const hashes = new WeakMap<SerializedProgram, string>();

/** An error with a longer message and the class of the first. */
export function relabelled(label: string, cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (message.startsWith(label)) return cause as Error;
  const ErrorClass = cause instanceof RangeError ? RangeError : cause instanceof TypeError ? TypeError : Error;
  return new ErrorClass(`${label}: ${message}`, { cause });
}

function checkSpec(label: string, spec: unknown): asserts spec is TrialSpec {
  if (spec instanceof Promise) {
    throw new TypeError(`${label}: expected trial to return its definition at once, got a promise; load data before`);
  }
  if (spec === null || typeof spec !== "object") {
    throw new TypeError(`${label}: expected trial to return { model, loss, data, ... }, got ${typeof spec}`);
  }
  const { model, loss, metrics, data } = spec as Partial<TrialSpec>;
  const expect = (holds: boolean, name: string, expected: string, got: unknown) => {
    if (!holds) throw new TypeError(`${label}: expected ${name} to be ${expected}, got ${typeof got}`);
  };
  expect(
    typeof model?.trace === "function",
    "model",
    "a model (made by `model` of lib/nn), which can be traced",
    model,
  );
  expect(typeof loss === "function", "loss", "a function of outputs and batch", loss);
  expect(metrics === undefined || typeof metrics === "function", "metrics", "a function of outputs and batch", metrics);
  expect(data !== null && typeof data === "object", "data", "a reference (`dataReference` of lib/data)", data);
}

function referenceOf(label: string, data: DataSource): DataReference {
  const { dataset, columns, hash, trainRows } = "reference" in data ? data.reference : data;
  if (typeof dataset !== "string" || typeof hash !== "string" || columns === undefined) {
    throw new TypeError(
      `${label}: expected data to be a reference ({ dataset, columns, hash }, made by \`dataReference\` of lib/data), got ${
        Object.keys(data).join(", ")
      }`,
    );
  }
  const reference: JsonValue = { dataset, columns, hash, ...(trainRows !== undefined && { trainRows }) };
  return JSON.parse(canonicalText(reference, { label, path: "data" }));
}
