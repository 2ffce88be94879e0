// Making many records of one run: what they have in common is said once.

import { record } from "./record.ts";
import type { Interval, MachineFacts, ResultRecord } from "./types.ts";

/** What the records of a run share. */
export interface RunFacts {
  /** The machine that measures. */
  machine: MachineFacts;
  /** What makes the records, for example `notebooks/02-lnsp-size-analysis.ipynb`. */
  source: string;
  /** Hashes of what they are made from, such as a dataset's. */
  inputs: readonly string[];
  /** The command that makes them again. */
  rerun: string;
}

/** A value with its uncertainty, as lib/statistics computes it. */
export interface EstimateLike {
  readonly value: number;
  readonly n: number;
  readonly interval: Interval | null;
}

/** Fields beyond id, quantity, value and unit: claims, note, interval, n. */
export type MoreFields = Partial<Pick<ResultRecord, "claims" | "note" | "interval" | "n">>;

/** Makes records of one run. An id such as `bottleneck.256.parameters` ends with the quantity. */
export interface RecordMaker {
  /** A value that follows from a shape or a formula, on any machine. */
  computed(id: string, value: ResultRecord["value"], unit: string, more?: MoreFields): ResultRecord;
  /** A value read from this machine, or whether something held there; an estimate brings its n and interval. */
  measured(id: string, value: number | boolean | EstimateLike, unit: string, more?: MoreFields): ResultRecord;
  /** A value that follows from other records. */
  derived(id: string, value: ResultRecord["value"] | EstimateLike, unit: string, more?: MoreFields): ResultRecord;
  /** A value that this run does not have, with the reason. */
  missing(id: string, unit: string, more: MoreFields & { note: string }): ResultRecord;
}

/**
 * A maker of records. The quantity of each is the last word of its id.
 *
 * @example
 * ```ts
 * import { type MachineFacts, recordMaker } from "lib/record/mod.ts";
 * const machine = { id: "m4" } as MachineFacts; // machineFacts() of lib/runtime
 * const make = recordMaker({ machine, source: "example", inputs: [], rerun: "deno task report 02" });
 * const size = make.computed("bottleneck.256.parameters", 296000, "count");
 * if (size.quantity !== "parameters" || size.kind !== "computed") throw new Error("the id names the quantity");
 * ```
 */
export function recordMaker({ machine, source, inputs, rerun }: RunFacts): RecordMaker {
  const common = (id: string, unit: string, more: MoreFields = {}) => ({
    id,
    quantity: id.slice(id.lastIndexOf(".") + 1),
    unit,
    provenance: { source, inputs: [...inputs], rerun },
    ...more,
  });
  return {
    computed: (id, value, unit, more) => record({ ...common(id, unit, more), value, kind: "computed" }),
    measured: (id, value, unit, more) => record({ machine: machine.id, ...spread(value), ...common(id, unit, more) }),
    derived: (id, value, unit, more) =>
      record({ machine: machine.id, ...spread(value), ...common(id, unit, more), kind: "derived" }),
    missing: (id, unit, more) => record({ ...common(id, unit, more), value: null }),
  };
}

function spread<Value extends ResultRecord["value"]>(value: Value | EstimateLike) {
  if (value === null || typeof value !== "object") return { value: value as Value };
  return { value: value.value, n: value.n, interval: value.interval };
}
