// lib/cli: the commands behind the tasks of deno.json: report, test, ok, new, kernel, lab, doctor, strip, clean, export, sweep.
// Each file is one command: it reads its arguments, calls a room, and tells the outcome in lines and an exit code.
// bootstrap.mjs comes before all of them: with Node.js alone it installs the packages and starts Deno.
// A user's mistake is one sentence without a stack; Ctrl-C stops children and keeps what was there.
// Nothing else imports this room; what is exported here serves its tests.

export { cleanMain, removables } from "./clean.ts";
export { CommandError, INTERRUPTED_EXIT_CODE, parseCommand, runCommand } from "./command.ts";
export { exportMain, exportOptions, nodeLines, pythonLines } from "./export.ts";
export { doctorMain } from "./doctor.ts";
export { examine, type Finding, findingsTable, withoutPrivate } from "./doctor/finding.ts";
export {
  KERNEL_NAME,
  kernelDenoPath,
  kernelFolders,
  kernelSpec,
  registeredDeno,
  registerKernel,
  unregisterKernel,
  userJupyterFolder,
} from "./kernel.ts";
export { fuzzMain, fuzzOptions, fuzzReport } from "./fuzz.ts";
export { fuzzTargets, refuseKnownLimitations } from "./fuzz_executors.ts";
export {
  labOptions,
  type LabPlaces,
  type LabServer,
  labServer,
  prepareJupyter,
  prepareState,
  withoutPython,
} from "./lab.ts";
export { installFigures } from "./lab/figures.ts";
export { ensureJupyterLab, findPython, hasJupyterLab, JUPYTERLAB_VERSION } from "./lab/python.ts";
export { newMain } from "./new.ts";
export { listNotebooks, reportNotebooks, selectNotebooks } from "./notebooks.ts";
export { type Check, checkNotebooks, runChecks } from "./ok.ts";
export { reportMain } from "./report.ts";
export { parseReportCommand } from "./report_options.ts";
export { siteMain, siteOptions } from "./site.ts";
export { stripFile, stripMain } from "./strip.ts";
export { type QueueExecutorMaker, type SweepContext, sweepMain } from "./sweep.ts";
export { parseSweepCommand, type SweepCommand } from "./sweep_options.ts";
export { progressLine, studyLines, summaryLines } from "./sweep_summary.ts";
export { studioMain, studioOptions } from "./studio.ts";
export { ownTerminal, terminalOn } from "./terminal.ts";
export { testArguments } from "./test.ts";
export {
  buildTslabLibrary,
  nodePath,
  registerTslab,
  tslabLibraryFolder,
  tslabModules,
  tslabSpec,
} from "./tslab/tslab.ts";
export { workerMain, workerOptions } from "./worker.ts";
