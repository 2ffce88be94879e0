// lib/record: every number of the workspace is a record.
// One versioned schema for value, unit, samples, interval, machine, provenance and the claims that it answers;
// the facts of a machine; the identity of a run; the content of a results file.
// Values are checked where they are made and where they are read, with the path of the offending field.
// Nothing here measures, renders or touches a file.

export { type CellSource, makingCell, runningCell, setCellSource } from "./origin.ts";
export { type EstimateLike, type MoreFields, type RecordMaker, recordMaker, type RunFacts } from "./maker.ts";
export { mergeMachines, parseMachineFacts, parseResults, record, type RecordFields } from "./record.ts";
export {
  machineFactsSchema,
  resultRecordSchema,
  resultsFileSchema,
  runIdentitySchema,
  SCHEMA_VERSION,
} from "./schema.ts";
export type {
  Interval,
  MachineFacts,
  NotMeasurableReason,
  Provenance,
  ResultRecord,
  ResultsFile,
  RunIdentity,
  Unanswered,
} from "./types.ts";
