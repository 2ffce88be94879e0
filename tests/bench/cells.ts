// Cells of benchmarks as tests need them: with made-up times.

import type { Cell, Side } from "lib/bench/mod.ts";
import { machineFacts } from "lib/runtime/mod.ts";

const MACHINE = machineFacts();

/** A side whose every step took `medianMs`, in four rounds or those given. */
export function sideOf(name: string, medianMs: number, fields: Partial<Side> = {}): Side {
  const rounds = fields.rounds ?? [0, 1, 2, 3];
  return {
    name,
    role: name === "ours" ? "ours" : "rival",
    settings: `${name}'s settings`,
    version: null,
    verdict: "VALID",
    reasons: [],
    medianMs,
    iqrMs: 0,
    n: 2 * rounds.length,
    samplesPerSecond: 1000 / medianMs,
    createMs: 1,
    checkedStepsMs: 1,
    rounds,
    blocksMs: rounds.map(() => [medianMs, medianMs]),
    comparison: null,
    ...fields,
  };
}

/** A cell whose ratio is that of our time to the peer's. */
export function cellOf(subject: string, [oursMs, peerMs]: [number, number | null], fields: Partial<Cell> = {}): Cell {
  const sides = [sideOf("ours", oursMs), ...(peerMs === null ? [] : [sideOf("PyTorch eager", peerMs)])];
  const ratio = peerMs === null ? null : oursMs / peerMs;
  return {
    subject,
    batchSize: 32,
    threads: 2,
    verdict: "VALID",
    reasons: [],
    measuredAt: "2026-01-01T00:00:00.000Z",
    machine: MACHINE,
    attempt: 1,
    idleBefore: 1,
    sides,
    missing: [],
    comparison: ratio === null
      ? null
      : { ratio, low: ratio, high: ratio, confidence: 0.95, method: "", n: 4, peer: "PyTorch eager" },
    ...fields,
  };
}
