// Records and their samples as files: NAME.json, and NAME.samples.ndjson.gz beside it, one line a process and one a window.

import { basename } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { writeFileAtomic } from "../../process/mod.ts";
import { BENCH_SCHEMA_VERSION, type BenchFile, type BenchRecord } from "./record.ts";
import type { RunMade } from "./record_of.ts";
import type { MonitorWindow } from "./windows.ts";

/** All samples of a process, or a window of its monitor. */
export type SampleLine =
  | {
    record: string;
    batchSize: number;
    run: number;
    callsPerSample: number;
    callMs: number[];
    latencyMs: number[] | null;
  }
  | { record: string; batchSize: number; run: number; window: MonitorWindow };

/** Collects samples as `bench` gives them, and writes them beside the records. */
export class BenchFiles {
  readonly #lines: SampleLine[] = [];
  readonly #runs = new Map<string, number>();

  /** Takes a process's samples: to be given to `bench` as `onSamples`. */
  readonly take = ({ samples }: RunMade, { id, batchSize }: BenchRecord): void => {
    if (!samples) return;
    const run = (this.#runs.get(id) ?? 0) + 1;
    this.#runs.set(id, run);
    const { callsPerSample, callMs, latencyMs, windows } = samples;
    const rounded = (values: Float64Array) => Array.from(values, (ms) => Number(ms.toPrecision(6)));
    const of = { record: id, batchSize, run };
    this.#lines.push({ ...of, callsPerSample, callMs: rounded(callMs), latencyMs: latencyMs && rounded(latencyMs) });
    for (const window of windows) this.#lines.push({ ...of, window });
  };

  /** Writes records, and the samples that belong to them. */
  async write(path: string, records: readonly BenchRecord[]): Promise<BenchFile> {
    const samplesPath = path.replace(/(\.json)?$/, ".samples.ndjson.gz");
    const ids = new Set(records.map(({ id }) => id));
    const lines = this.#lines.filter(({ record }) => ids.has(record));
    const file: BenchFile = {
      schemaVersion: BENCH_SCHEMA_VERSION,
      kind: "bench records",
      records: records.map((record) => ({
        ...record,
        samplesFile: lines.some((line) => line.record === record.id) ? basename(samplesPath) : null,
      })),
    };
    if (lines.length > 0) {
      await writeFileAtomic(samplesPath, gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
    }
    await writeFileAtomic(path, `${JSON.stringify(file, null, 1)}\n`);
    return file;
  }
}

/** The lines of a samples file. */
export function parseSamples(bytes: Uint8Array): SampleLine[] {
  return gunzipSync(bytes).toString("utf8").trim().split("\n").map((line) => JSON.parse(line) as SampleLine);
}
