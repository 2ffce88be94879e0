// Scores and comparisons as records, the only form in which numbers enter a report.

import type { RecordMaker, ResultRecord } from "../record/mod.ts";
import type { BootstrapOptions, Comparison } from "../statistics/mod.ts";
import type { CompressorScores } from "./evaluate_compressors.ts";
import { estimateScore } from "./score.ts";

/** The records of one row of a table, by quantity. */
export type ScoreRecords = ReadonlyMap<string, ResultRecord>;

/**
 * Records of everything that one model scores, with n and interval: `<id>.cosine`, `<id>.recallAt10`, ... and `<id>.bytesPerVector`.
 *
 * @param id of the row: "quality.pca-192"
 * @param seeds the model's scores for each seed, at least one, all on the same items
 * @throws {RangeError} when seeds differ in bytes or in what was scored
 *
 * @example
 * ```ts
 * import { scoreRecords } from "lib/evaluate/mod.ts";
 * import { type MachineFacts, recordMaker } from "lib/record/mod.ts";
 * const make = recordMaker({ machine: { id: "m4" } as MachineFacts, source: "example", inputs: [], rerun: "" });
 * const scores = new Map([["cosine", { quantity: "cosine", items: Float64Array.of(0.9, 0.8), n: 2 }]]);
 * const records = scoreRecords(make, "quality.pca-1", [{ name: "PCA-1", bytesPerVector: 4, scores }], { seed: 1 });
 * console.log(records.get("cosine")?.id, records.get("bytesPerVector")?.value); // quality.pca-1.cosine 4
 * ```
 */
export function scoreRecords(
  make: RecordMaker,
  id: string,
  seeds: readonly CompressorScores[],
  options: BootstrapOptions,
): ScoreRecords {
  if (!(seeds?.length >= 1)) throw new RangeError(`Cannot make records of ${id}: expected at least one seed, got none`);
  const [first] = seeds;
  const signature = (one: CompressorScores) => `${one.bytesPerVector} bytes; ${[...one.scores.keys()].join(", ")}`;
  const other = seeds.find((one) => signature(one) !== signature(first));
  if (other) {
    throw new RangeError(
      `Cannot make records of ${id}: expected seeds of ${signature(first)}, got ${signature(other)}`,
    );
  }
  const records = new Map<string, ResultRecord>();
  records.set("bytesPerVector", make.computed(`${id}.bytesPerVector`, first.bytesPerVector, "bytes"));
  for (const quantity of first.scores.keys()) {
    const estimate = estimateScore(seeds.map(({ scores }) => scores.get(quantity)!), options);
    const items = first.scores.get(quantity)!.n;
    const note = seeds.length > 1 ? { note: `${seeds.length} seeds x ${items} items` } : {};
    records.set(quantity, make.measured(`${id}.${quantity}`, estimate, "1", note));
  }
  return records;
}

/** A comparison as records. */
export interface ComparisonRecords {
  /** a - b with n and interval. */
  readonly difference: ResultRecord;
  readonly discordant: ResultRecord;
  readonly aHigher: ResultRecord;
  readonly bHigher: ResultRecord;
  readonly pValue: ResultRecord;
  /** "higher", "lower" or "no difference shown". */
  readonly verdict: ResultRecord;
}

/**
 * Records of a comparison: `<id>.difference`, `<id>.discordant`, `<id>.aHigher`, `<id>.bHigher`, `<id>.pValue`, `<id>.verdict`.
 *
 * @param options.unit of the difference; default "1"
 */
export function comparisonRecords(
  make: RecordMaker,
  id: string,
  comparison: Comparison,
  { unit = "1" }: { unit?: string } = {},
): ComparisonRecords {
  const { n, discordant, aHigher, bHigher, pValue, pValueMethod, verdict } = comparison;
  const count = (name: string, value: number) => make.derived(`${id}.${name}`, value, "count", { n });
  return {
    difference: make.derived(`${id}.difference`, comparison, unit),
    discordant: count("discordant", discordant),
    aHigher: count("aHigher", aHigher),
    bHigher: count("bHigher", bHigher),
    pValue: make.derived(`${id}.pValue`, pValue, "1", { n, note: pValueMethod }),
    verdict: make.derived(`${id}.verdict`, verdict, "", { n }),
  };
}
