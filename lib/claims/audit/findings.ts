// What is worth knowing of the claims that do not add up: each finding, and the claims that it is about.

import type { AuditEntry } from "./audit.ts";
import { claim } from "../ledger.ts";

/** Claims that fail for one reason. */
export interface Finding {
  id: FindingId;
  /** Without digits, except in `code`. */
  title: string;
  /** Ids of claims. Most of them do not add up; some hold as arithmetic and mean something else. */
  claims: string[];
  /** What the document's own figures give in place of all these claims; null where each claim has a recomputation of its own. */
  instead: number | null;
}

const widths = (family: string, of: number[], ...kinds: string[]) =>
  of.flatMap((width) => kinds.map((kind) => `lnsp-${family}-${width}-${kind}`));

/**
 * From text to the student's vector, the teacher runs first: its time over that of both. Below 1 for any student.
 */
function endToEndSpeedup(): number {
  const [teacherMs, studentMs] = ["ln-teacher-time", "ln-student-3-time"].map((id) => Number(claim(id).value));
  return teacherMs / (teacherMs + studentMs);
}

const FINDINGS = {
  "parameter-formula": {
    title: "A parameter formula that loses a layer, and tables that do not follow it",
    claims: [
      ...["lnsp-formula-sum", "lnsp-formula-collected", "lnsp-formula-total"],
      ...widths("bottleneck", [256, 320, 512, 768, 1024, 2048, 4096], "params", "size"),
      ...["lnsp-sn727-size", "lnsp-conclusion-size", "lnsp-vs-transformer-layer"],
    ],
  },
  "square-students": {
    title: "A third more parameters than the layers have",
    claims: widths("square", [384, 512, 768, 1024, 2048, 3072, 4096, 5120, 6144, 8192], "params", "size"),
  },
  "batch-taken-for-one": {
    title: "A throughput ten times what the printed time allows",
    claims: [
      ...["teacher", "student-1", "student-2", "student-3"].map((model) => `ln-${model}-throughput`),
      "ln-student-latency-range",
    ],
  },
  "teacher-needed": {
    title: "A speed-up over a teacher whose output the student needs",
    claims: [
      ...["ln-student-1-speedup", "ln-student-2-speedup", "ln-student-3-speedup"],
      ...["ln-headline-speedup", "ln-training-speedup"],
    ],
    instead: endToEndSpeedup,
  },
  "one-taken-for-batch": {
    title: "The latency of one row used for thirty-two",
    claims: [
      ...["cbi-e2e-inference-time", "cbi-e2e-coreml-time", "cbi-e2e-inference-throughput", "cbi-e2e-coreml-throughput"],
      ...["cbi-cloud-m4-infer", "cbi-deploy-throughput", "cbi-infer-8-throughput"],
    ],
  },
  "adapter-rank": {
    title: "An adapter of half the stated rank",
    claims: ["lora-rank", "lora-trainable-params", "lora-trainable-percent"],
  },
  "one-stream": {
    title: "One stream of memory counted of three",
    claims: ["mlx-add-bandwidth", "mlx-multiply-bandwidth", "mlx-bandwidth-peak", "mlx-bandwidth-sustained"],
  },
  "few-samples": {
    title: "Runs too few for a percentile",
    claims: ["cbi-code-runs", "cbi-code-infer-runs"],
  },
  "few-cases": {
    title: "Percentages of fifteen cases, and of two",
    claims: [
      ...["ln-analogy-improvement", "ln-quality-improvement", "ln-efficiency-student-score"],
      ...["teacher", "student-1", "student-2", "student-3"].map((model) => `ln-${model}-pass-rate`),
      ...["geographic", "academic", "size", "temporal", "mathematical"].flatMap((category) =>
        ["student", "teacher"].map((model) => `ln-category-${category}-${model}`)
      ),
    ],
  },
  "int8-below-int4": {
    title: "Models that are smaller in eight bits than in four",
    claims: ["mlx-capacity-7b-int8", "mlx-capacity-13b-int8"],
  },
  "ratio-of-another-thing": {
    title: "Ratios of something else than what they are given for",
    claims: [
      ...["cbi-ane-speedup", "cbi-priority-coreml", "cbi-conclusion-efficiency"],
      ...["lora-conclusion-memory", "lora-cuda-memory-ratio", "ln-resource-efficiency"],
    ],
  },
  "copies-of-memory": {
    title: "Copies of memory left out, or counted twice",
    claims: [
      ...[1000, 2048, 4096, 8192].map((side) => `mlx-matmul-${side}-memory`),
      ...["mlx-attention-memory", "ln-ram-multiplier", "ln-ram-per-sample", "cbi-memory-optimizer-optimized"],
    ],
  },
  "ten-times": {
    title: "LayerNorm ten times too fast",
    claims: ["mlx-layernorm-throughput"],
  },
  "beyond-the-chip": {
    title: "More than the chip can move, and chips that are not sold",
    claims: [
      ...["mlx-infer-30b-speed", "mlx-numpy-transfer", "lora-bandwidth", "cbi-ane-tops"],
      ...["cbi-memory-range", "cbi-memory-limit", "cbi-conclusion-device", "ln-device"],
    ],
  },
  "no-variance": {
    title: "Nothing varies, beside tables in which it does",
    claims: ["lora-zero-variance", "lora-speed-deviation", "ln-checkpoint-variance", "lora-train-speed"],
  },
  "two-answers": {
    title: "Two figures for one thing in one document",
    claims: [
      ...["cbi-opt-coreml-time", "cbi-e2e-forward-time", "cbi-code-train-throughput", "cbi-config-deployment"],
      ...["lora-cuda-transfer", "lora-cuda-emulation", "lnsp-memory-4096-too-much"],
    ],
  },
} as const satisfies Record<string, { title: string; claims: readonly string[]; instead?: () => number }>;

/** Names of the findings. */
export type FindingId = keyof typeof FINDINGS;

/** A finding with what it weighs. */
export interface RankedFinding extends Finding {
  /** Claims of it that do not add up. */
  failing: number;
  /** How often one would have to double or halve, over all its claims, to come from what is said to what follows. */
  doublings: number;
  /** The largest factor between what is said and what follows; null where nothing can be divided. */
  largestFactor: number | null;
  /** The claim with the largest factor. */
  example: string | null;
}

/** All findings, in the order in which they stand here. */
export function findings(): Finding[] {
  const entries = Object.entries<{ title: string; claims: readonly string[]; instead?: () => number }>(FINDINGS);
  return entries.map(([id, { title, claims, instead }]) => ({
    id: id as FindingId,
    title,
    claims: [...claims],
    instead: instead?.() ?? null,
  }));
}

/** The findings, the heaviest first: by the doublings of their claims, then by how many fail. */
export function rankFindings(entries: readonly AuditEntry[]): RankedFinding[] {
  const byId = new Map(entries.map((entry) => [entry.claim.id, entry]));
  return findings().map((finding) => {
    const own = finding.claims.map((id) => byId.get(id)!);
    const off = own.flatMap((entry) => {
      const factor = factorOf(entry, finding.instead);
      return factor === null ? [] : [{ id: entry.claim.id, doublings: Math.abs(Math.log2(factor)) }];
    }).sort((a, b) => b.doublings - a.doublings);
    return {
      ...finding,
      failing:
        own.filter(({ claim, recomputed }) => (recomputed ? !recomputed.agrees : claim.consistent === false)).length,
      doublings: off.reduce((total, { doublings }) => total + doublings, 0),
      largestFactor: off.length > 0 ? 2 ** off[0].doublings : null,
      example: off[0]?.id ?? null,
    };
  }).sort((a, b) => b.doublings - a.doublings || b.failing - a.failing);
}

/** What is said over what follows: of a range, the upper end. Null where the claim holds, or is no number. */
function factorOf({ claim, recomputed }: AuditEntry, instead: number | null): number | null {
  if (instead === null && (recomputed === null || recomputed.agrees)) return null;
  const [said, follows] = [claim.value, instead ?? recomputed!.value].map((figure) => [figure].flat().at(-1));
  return typeof said === "number" && typeof follows === "number" && said > 0 && follows > 0 ? said / follows : null;
}
