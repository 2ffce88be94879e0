// The zod schemas of everything that is written to a results file. The documented TypeScript types stand in types.ts;
// the compiler checks here that the two agree.

import { z } from "zod";
import type { MachineFacts, ResultRecord, ResultsFile, RunIdentity, Unanswered } from "./types.ts";

/** The version that this library reads and writes. */
export const SCHEMA_VERSION = 1;

const finite = z.number({ error: (issue) => describe("a finite number", issue.input) });
const text = z.string({ error: (issue) => describe("a string", issue.input) });
const filled = text.min(1, "expected a string that is not empty");
const sha256 = text.regex(/^[0-9a-f]{64}$/, "expected a SHA-256 of 64 lower-case hexadecimal digits");
const whole = finite.refine((value) => Number.isSafeInteger(value) && value >= 0, "expected an integer from 0 up");
const positive = finite.refine((value) => Number.isSafeInteger(value) && value >= 1, "expected an integer from 1 up");
const dottedId = text.regex(
  /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
  'expected dotted words such as "bottleneck.256.parameters"',
);
const version = z.literal(SCHEMA_VERSION, {
  error: (issue) => `expected ${SCHEMA_VERSION}, got ${show(issue.input)}: made by another version of this library`,
});

const interval = z.strictObject({
  low: finite,
  high: finite,
  confidence: finite.refine((value) => value > 0 && value < 1, "expected a number between 0 and 1"),
  method: filled,
}).refine(({ low, high }) => low <= high, { path: ["low"], error: "expected low <= high" });

const provenance = z.strictObject({ source: text, inputs: z.array(filled), rerun: text });

/** One number of the workspace. */
export const resultRecordSchema: z.ZodType<ResultRecord> = z.strictObject({
  schemaVersion: version,
  id: dottedId,
  quantity: filled,
  value: z.union([finite, text, z.boolean(), z.null()], {
    error: (issue) => describe("a finite number, a string, a boolean or null", issue.input),
  }),
  unit: text,
  n: whole,
  interval: interval.nullable(),
  kind: z.enum(["measured", "computed", "derived", "claimed"]),
  machine: filled,
  provenance,
  claims: z.array(filled),
  note: filled.nullable(),
}).check((context) => {
  const refuse = (path: string, message: string) =>
    context.issues.push({ code: "custom", path: [path], message, input: context.value });
  const { value, note, kind, machine, n, interval, claims } = context.value;
  if (value === null && note === null) refuse("note", "expected the reason why nothing was measured (value is null)");
  if (value !== null && n === 0) refuse("n", "expected an integer from 1 up (value is not null)");
  if (interval !== null && typeof value !== "number") refuse("interval", "expected null (value is not a number)");
  if (kind === "measured" && machine === "any") refuse("machine", "expected a machine's id (kind is measured)");
  if (kind === "computed" && machine !== "any") refuse("machine", 'expected "any" (kind is computed)');
  if (new Set(claims).size < claims.length) refuse("claims", "expected each claim once");
});

/** The machine behind a measurement; no user name, host name, serial number or path. */
export const machineFactsSchema: z.ZodType<MachineFacts> = z.strictObject({
  id: filled.refine((id) => id !== "any", 'expected an id other than "any", which stands for every machine'),
  name: filled,
  chip: filled,
  arch: filled,
  physicalCores: positive.nullable(),
  performanceCores: whole.nullable(),
  efficiencyCores: whole.nullable(),
  logicalCores: positive,
  memoryBytes: positive,
  os: filled,
  osBuild: text,
  versions: z.record(z.string(), text),
  power: z.enum(["mains", "battery", "unknown"]),
});

/** What a report was made from, as hashes. */
export const runIdentitySchema: z.ZodType<RunIdentity> = z.strictObject({
  notebook: sha256,
  modules: z.record(z.string(), sha256),
  lockfile: sha256,
  parameters: sha256,
  data: z.record(z.string(), sha256),
  scale: filled,
  machine: filled,
});

/** A claim that this report cannot settle, and why. */
const unansweredSchema: z.ZodType<Unanswered> = z.strictObject({
  claim: filled,
  reason: z.enum(["metric undefined", "settings missing", "hardware absent", "framework absent", "judgement"]),
  note: text,
});

/** The content of a results.json. */
export const resultsFileSchema: z.ZodType<ResultsFile> = z.strictObject({
  schemaVersion: version,
  report: filled,
  title: text,
  scale: filled,
  parameters: z.record(z.string(), z.unknown()),
  machines: z.array(machineFactsSchema),
  identity: runIdentitySchema.nullable(),
  records: z.array(resultRecordSchema),
  unanswered: z.array(unansweredSchema),
}).check((context) => {
  const { machines, records } = context.value;
  const machineIds = new Set(machines.map(({ id }) => id));
  if (machineIds.size < machines.length) {
    context.issues.push({ code: "custom", path: ["machines"], message: "expected each id once", input: machines });
  }
  const seen = new Set<string>();
  records.forEach(({ id, machine }, i) => {
    if (seen.has(id)) {
      context.issues.push({ code: "custom", path: ["records", i, "id"], message: `expected each id once`, input: id });
    }
    seen.add(id);
    if (machine !== "any" && !machineIds.has(machine)) {
      const message = 'expected "any" or the id of one of the machines';
      context.issues.push({ code: "custom", path: ["records", i, "machine"], message, input: machine });
    }
  });
});

function describe(expected: string, input: unknown): string {
  return `expected ${expected}, got ${show(input)}`;
}

/** A short form of any value for an error message. */
export function show(input: unknown): string {
  if (typeof input === "string") return JSON.stringify(input.length > 60 ? `${input.slice(0, 60)}...` : input);
  if (Array.isArray(input)) return "an array";
  if (typeof input === "object" && input !== null) return "an object";
  return String(input);
}
