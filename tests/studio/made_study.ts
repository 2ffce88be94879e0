// A study made of numbers, of any size, which tests change as a run would.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineFacts } from "lib/record/mod.ts";
import { seededRandom } from "./random.ts";
import type { RequestKind, StudyReader, StudySummary, TrialDetail, TrialState, TrialView } from "lib/sweep/mod.ts";
import type { Curve } from "lib/studio/study_data.ts";

export const machine: MachineFacts = {
  id: "testmachine",
  name: "a machine of tests",
  chip: "none",
  arch: "x64",
  physicalCores: 2,
  performanceCores: null,
  efficiencyCores: null,
  logicalCores: 2,
  memoryBytes: 2 ** 30,
  os: "none",
  osBuild: "",
  versions: {},
  power: "unknown",
};

const STATES: TrialState[] = ["waiting", "running", "finished", "pruned", "failed", "cancelled", "interrupted"];
const EPOCHS = 12;

/** A trial's key: 64 hexadecimal digits. */
export function madeKey(number: number): string {
  return (number * 2654435761 % 2 ** 32).toString(16).padStart(8, "0") + number.toString(16).padStart(56, "0");
}

/** A study of `count` trials: most finished, some pruned, failed, running and waiting. */
export class MadeStudy implements StudyReader {
  readonly name: string;
  readonly all: TrialView[];
  readonly #byKey: ReadonlyMap<string, TrialView>;
  readonly asked: [RequestKind, string][] = [];
  readonly #losses = new Map<string, number[]>();
  #revision = 1;
  #running: boolean;

  constructor(name: string, count: number, { running = true } = {}) {
    this.name = name;
    this.#running = running;
    const random = seededRandom(count);
    this.all = Array.from({ length: count }, (_, i) => this.#trial(i + 1, random, running));
    this.#byKey = new Map(this.all.map((trial) => [trial.key, trial]));
  }

  #trial(number: number, random: () => number, running: boolean): TrialView {
    const studentDim = 2 ** (8 + Math.floor(random() * 6));
    const learningRate = Number((1e-4 * 10 ** (random() * 2.5)).toPrecision(3));
    const optimizer = random() < 0.5 ? "adam" : "sgd";
    const momentum = Number((0.5 + random() * 0.49).toPrecision(2));
    const draw = random();
    const state: TrialState = number % 50 === 7
      ? "failed"
      : running && number % 40 === 39
      ? "running"
      : running && number % 10 === 9
      ? "waiting"
      : draw < 0.3
      ? "pruned"
      : "finished";
    const floor = 0.05 + 0.03 * Math.abs(Math.log10(learningRate / 2e-3)) + 8 / studentDim + 0.02 * random();
    const epochs = state === "waiting" ? 0 : state === "finished" ? EPOCHS : 1 + Math.floor(random() * 5);
    const losses = Array.from(
      { length: epochs },
      (_, e) => floor + 0.4 * Math.exp(-0.5 * (e + 1)) * (1 + 0.1 * random()),
    );
    const key = madeKey(number);
    this.#losses.set(key, losses);
    return {
      number,
      key,
      parameters: {
        studentDim,
        learningRate,
        optimizer,
        ...(optimizer === "sgd" && { momentum }),
        seed: 1 + number % 3,
      },
      parameterCount: 1154 * studentDim + 576,
      state,
      values: [state === "failed" ? null : losses.at(-1) ?? null, state === "finished" ? 1 - floor : null],
      epochs,
      epochsPlanned: EPOCHS,
      seconds: epochs * studentDim / 500,
      attempts: epochs === 0 ? 0 : 1 + (number % 17 === 0 ? 1 : 0),
      machine: epochs === 0 ? null : machine.id,
      message: state === "failed"
        ? "the training loss is NaN in epoch 3"
        : state === "pruned"
        ? "slower than the median of 12 others"
        : null,
      pinned: number === 3,
      checkpoint: state === "finished" ? `checkpoints/${this.name}/${key}` : null,
      revision: 1,
    };
  }

  /** Changes a trial as a run would. */
  change(number: number, fields: Partial<TrialView>, losses?: number[]): void {
    const trial = this.all[number - 1];
    Object.assign(trial, fields, { revision: ++this.#revision });
    if (losses) this.#losses.set(trial.key, losses);
  }

  end(): void {
    this.#running = false;
  }

  summary(): StudySummary {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<TrialState, number>;
    for (const { state } of this.all) counts[state]++;
    const finished = this.all.filter(({ state }) => state === "finished").sort((a, b) => a.values[0]! - b.values[0]!);
    return {
      name: this.name,
      state: this.#running ? "running" : this.all.length === 0 ? "empty" : "finished",
      counts,
      definition: {
        name: this.name,
        space: {
          studentDim: [256, 512, 1024, 2048, 4096, 8192],
          learningRate: { kind: "float", low: 1e-4, high: 0.03, log: true },
          optimizer: { kind: "choice", values: ["adam", "sgd"] },
          seed: { kind: "replicas", values: [1, 2, 3] },
        },
        objectives: [{ metric: "loss", direction: "minimize" }, { metric: "cosine", direction: "maximize" }],
        sampler: { name: "tpe", settings: { startupTrials: 10 } },
        keepWeights: "best",
        pruner: { name: "median", settings: { startupEpochs: 2 } },
      },
      strangers: 0,
      bytes: 12_345_678,
      startedAt: "2026-01-02T03:04:05.000Z",
      endedAt: this.#running ? null : "2026-01-02T04:04:05.000Z",
      best: finished[0] ?? null,
      revision: this.#revision,
    };
  }

  trials({ since = -1 }: { since?: number } = {}): TrialView[] {
    return this.all.filter(({ revision }) => revision > since).map((trial) => ({ ...trial }));
  }

  trial(key: string): TrialDetail | null {
    const trial = this.#byKey.get(key);
    if (!trial) return null;
    const losses = this.#losses.get(key)!;
    return {
      ...trial,
      settings: {} as TrialDetail["settings"],
      data: { dataset: "random", hash: "", columns: {} },
      rerun: `deno task sweep ${this.name} --retry ${key.slice(0, 12)}`,
      epochList: losses.map((loss, i) => ({
        epoch: i + 1,
        steps: 62,
        trainLoss: loss * 0.9,
        validation: { loss, cosine: 1 - loss },
        learningRate: 0.001,
        seconds: 0.5,
        samplesPerSecond: 30_000,
      })),
      attemptList: Array.from({ length: trial.attempts }, (_, i) => ({
        id: i + 1,
        trial: key,
        number: i + 1,
        token: i + 1,
        pid: null,
        heardAt: null,
        baselineRssBytes: 100_000_000,
        machine: machine.id,
        worker: null,
        threads: 1,
        startedAt: "2026-01-02T03:04:05.000Z",
        endedAt: trial.state === "running" ? null : "2026-01-02T03:05:05.000Z",
        seconds: trial.seconds,
        outcome: trial.state === "failed"
          ? "diverged"
          : trial.state === "pruned"
          ? "pruned"
          : trial.state === "running"
          ? null
          : "finished",
        message: trial.message,
        stderrTail: trial.state === "failed" ? "RangeError: <script>alert(1)</script>\n    at trial.ts:3" : null,
        peakRssBytes: 250_000_000,
      })),
    };
  }

  curves({ since = -1 }: { since?: number } = {}): Curve[] {
    return this.all.filter(({ revision, epochs }) => revision > since && epochs > 0).map(({ key }) => ({
      key,
      points: this.#losses.get(key)!.map((loss, i): [number, number] => [i + 1, loss]),
    }));
  }

  rows(): ReturnType<StudyReader["rows"]> {
    throw new Error("no rows were made");
  }

  machines(): MachineFacts[] {
    return [machine];
  }

  request(kind: RequestKind, key: string): void {
    this.asked.push([kind, key]);
  }

  close(): void {}
}

/** Folders of studies, as the studio looks for them, and a function that opens the made ones. */
export function madeFolder(folder: string, studies: readonly MadeStudy[]) {
  for (const { name } of studies) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "study.sqlite"), "");
  }
  return (name: string): Promise<StudyReader> => {
    const study = studies.find((candidate) => candidate.name === name);
    return study
      ? Promise.resolve(study)
      : Promise.reject(new Error(`Cannot open ${name}/study.sqlite: the database is damaged`));
  };
}
