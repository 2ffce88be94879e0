// Making records and reading results files: every value passes its schema here, and an error names the field.

import type { z } from "zod";
import { machineFactsSchema, resultRecordSchema, resultsFileSchema, SCHEMA_VERSION, show } from "./schema.ts";
import { noteMaking } from "./origin.ts";
import type { MachineFacts, ResultRecord, ResultsFile } from "./types.ts";

/** The fields of a record that have no default, and any of the others. */
export type RecordFields =
  & Partial<ResultRecord>
  & Pick<ResultRecord, "id" | "quantity" | "value" | "unit">;

/**
 * A checked record. Defaults: n 1 (0 when the value is null), no interval, kind "measured" when a machine is named, else "computed",
 * machine "any", no claims, no note, empty provenance.
 *
 * @throws {TypeError} naming the record and the field, when a field has the wrong type (a NaN or infinite number too)
 * @throws {RangeError} likewise, when a field's value is out of its range or contradicts another field
 *
 * @example
 * ```ts
 * import { record } from "lib/record/mod.ts";
 * const size = record({ id: "bottleneck.256.parameters", quantity: "parameters", value: 296000, unit: "count" });
 * console.log(size.kind, size.machine); // computed any
 * ```
 */
export function record(fields: RecordFields): ResultRecord {
  const defined = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const machine = fields.machine ?? "any";
  const made = parse(resultRecordSchema, {
    schemaVersion: SCHEMA_VERSION,
    n: fields.value === null ? 0 : 1,
    interval: null,
    kind: machine === "any" ? "computed" : "measured",
    machine,
    provenance: { source: "", inputs: [], rerun: "" },
    claims: [],
    note: null,
    ...defined,
  }, `make record ${show(fields.id)}`);
  noteMaking(made.id);
  return made;
}

/**
 * Checks machine facts that come from outside, such as another machine's file.
 *
 * @throws {TypeError | RangeError} naming the field
 */
export function parseMachineFacts(value: unknown): MachineFacts {
  return parse(machineFactsSchema, value, "read machine facts");
}

/**
 * Reads the content of a results.json, as text or already parsed.
 *
 * @throws {SyntaxError} when the text is not JSON
 * @throws {TypeError | RangeError} naming the path of the first offending field (`records[3].interval.low`), for a
 * file of another schema version too
 *
 * @example
 * ```ts
 * import { parseResults, record } from "lib/record/mod.ts";
 * const results = parseResults(JSON.stringify({
 *   schemaVersion: 1, report: "demo", title: "Demo", scale: "quick", parameters: {}, machines: [], identity: null,
 *   records: [record({ id: "a", quantity: "parameters", value: 1, unit: "count" })], unanswered: [],
 * }));
 * console.log(results.records.length); // 1
 * ```
 */
export function parseResults(json: unknown): ResultsFile {
  const value = typeof json === "string" ? parseJson(json) : json;
  const got = value !== null && typeof value === "object" ? (value as { schemaVersion?: unknown }).schemaVersion : null;
  if (value !== null && typeof value === "object" && got !== SCHEMA_VERSION) {
    const hint = typeof got === "number" && got > SCHEMA_VERSION ? "update this library" : "make the report again";
    throw new RangeError(`Cannot read results: expected schemaVersion ${SCHEMA_VERSION}, got ${show(got)}; ${hint}`);
  }
  return parse(resultsFileSchema, value, "read results");
}

/** The machines of several lists, each id once; where an id occurs twice, the later facts count (they hold the newer power state). */
export function mergeMachines(...lists: readonly (readonly MachineFacts[])[]): MachineFacts[] {
  return [...new Map(lists.flat().map((machine) => [machine.id, machine])).values()];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read results: expected JSON, ${(error as Error).message}`);
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, action: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const message = issue.code === "unrecognized_keys"
    ? `expected no field named ${issue.keys.map((key) => `"${key}"`).join(", ")}`
    : issue.message;
  const others = result.error.issues.length - 1;
  const suffix = others === 0 ? "" : ` (and ${others} more)`;
  const wrongType = issue.code === "invalid_type" || issue.code === "invalid_union";
  throw new (wrongType ? TypeError : RangeError)(
    `Cannot ${action}: ${fieldPath(issue.path)}${lower(message)}${suffix}`,
  );
}

function fieldPath(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text === "" ? "" : `${text.replace(/^\./, "")}: `;
}

/** zod's own messages start with a capital and "Invalid input: ". */
function lower(message: string): string {
  const body = message.replace(/^Invalid (input|option): /, "").replace(/, received (.*)$/, ", got $1");
  return body.charAt(0).toLowerCase() + body.slice(1);
}
