// The documented types of a results file. schema.ts checks values against them at run time.

/** A range that holds the true value with the stated confidence. */
export interface Interval {
  low: number;
  /** At least `low`. */
  high: number;
  /** Between 0 and 1, for example 0.95. */
  confidence: number;
  /** How it was made: "bootstrap percentile, 10000 resamples". */
  method: string;
}

/** Where a number comes from. */
export interface Provenance {
  /** What made it: a function, a formula, a document. */
  source: string;
  /** Ids of records, or hashes of files, that it follows from. */
  inputs: string[];
  /** The command that makes it again; empty when none is needed. */
  rerun: string;
}

/** One number (or text, or yes/no) of the workspace: numbers enter a report only in this form. */
export interface ResultRecord {
  schemaVersion: 1;
  /** Dotted path, unique in a report: "bottleneck.256.parameters". */
  id: string;
  /** Machine name of what is told: "parameters", "sizeMb", "cosine", "recallAt10". */
  quantity: string;
  /** Null means not measured; then `note` says why. Numbers are finite. */
  value: number | string | boolean | null;
  /** "count", "MB", "ms", "1" (a ratio or score), "x" (times); "" for text. */
  unit: string;
  /** Samples behind the value; 1 for an exact count, 0 only when the value is null. */
  n: number;
  interval: Interval | null;
  /** Run on a machine; following from a shape or formula; following from other records; said by a document. */
  kind: "measured" | "computed" | "derived" | "claimed";
  /** `MachineFacts.id`; "any" for computed. */
  machine: string;
  provenance: Provenance;
  /** Ids of the claims (data/claims/figures.json) that this record answers. */
  claims: string[];
  note: string | null;
}

/** What identifies a machine in a report: no user name, host name, serial number or path. */
export interface MachineFacts {
  /** Short hash over chip, cores, memory, operating system and provider versions. */
  id: string;
  /** For readers: "AMD EPYC, 2 cores, 24 GiB, linux x64". */
  name: string;
  chip: string;
  /** "x64" or "arm64". */
  arch: string;
  physicalCores: number | null;
  /** Apple silicon only, else null. */
  performanceCores: number | null;
  /** Apple silicon only, else null. */
  efficiencyCores: number | null;
  logicalCores: number;
  memoryBytes: number;
  /** "Debian GNU/Linux 12 (bookworm)", "macOS 15.5". */
  os: string;
  /** Kernel release on Linux, build on macOS ("24F74"); may be empty. */
  osBuild: string;
  /** Engine and library versions by name: "deno", "v8", "onnxruntime-node". */
  versions: Record<string, string>;
  power: "mains" | "battery" | "unknown";
}

/** Everything that a report's freshness depends on; all values but scale and machine are SHA-256 in hexadecimal. */
export interface RunIdentity {
  notebook: string;
  /** Hash by path, relative to the project, of every local module that the notebook can reach. */
  modules: Record<string, string>;
  lockfile: string;
  parameters: string;
  /** Hash by name of every data set. */
  data: Record<string, string>;
  scale: string;
  /** `MachineFacts.id`. */
  machine: string;
}

/** Why a claim has no record: the metric or the settings are not defined, the hardware or framework is not here, or it is a judgement. */
export type NotMeasurableReason =
  | "metric undefined"
  | "settings missing"
  | "hardware absent"
  | "framework absent"
  | "judgement";

/** A claim that a report cannot settle. */
export interface Unanswered {
  /** Claim id. */
  claim: string;
  reason: NotMeasurableReason;
  note: string;
}

/** The content of a results.json: a report's records, and what they were made with. */
export interface ResultsFile {
  schemaVersion: 1;
  report: string;
  title: string;
  /** "smoke", "quick" or "full". */
  scale: string;
  parameters: Record<string, unknown>;
  machines: MachineFacts[];
  /** Null for a report made interactively. */
  identity: RunIdentity | null;
  records: ResultRecord[];
  unanswered: Unanswered[];
}
