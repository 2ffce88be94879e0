// The executor of a run that is given none: the pool of this machine, with the options of the run.

import type { MachineFacts } from "../record/mod.ts";
import type { StudyEnvironment } from "./environment.ts";
import type { TrialExecutor } from "./executor.ts";
import { localPool } from "./pool/local_pool.ts";
import { chooseMix } from "./pool/mix.ts";
import type { StudyRunOptions } from "./run_options.ts";

/** Makes the pool; measures first which mix of trials and threads is fastest here, when that is to be chosen and not known. */
export async function localExecutor(
  environment: StudyEnvironment,
  options: StudyRunOptions,
  { machine, trialCount }: { machine: MachineFacts; trialCount: number },
): Promise<TrialExecutor> {
  const { trialModule, mixFile: cacheFile, measureMixes: measure } = environment;
  const { trials = "auto", threads = null, processes, memoryBudgetBytes } = options;
  const onNote = options.onNotice ?? console.warn;
  const mix = await chooseMix({
    trials: trials === "auto" ? null : trials,
    threads,
    trialCount,
    machine,
    trialModule,
    cacheFile,
    measure,
    onNote,
  });
  return localPool({ ...mix, trialModule, processes, memoryBudgetBytes, onNote });
}
