// What a notebook imports: its parameters, its progress display, and edits of the library without a restart. The first import refuses a kernel that loses outputs.

import "./kernel_guard.ts";
import { setCellSource } from "../record/mod.ts";
import { setDisplay } from "../report/mod.ts";
import { displayBundle, headlessChannel, jupyter } from "./jupyter.ts";
import { type KeepStep, keptSteps } from "./kept_steps.ts";
import { type ParameterValue, requestedRun, resolveParameters, type Scale } from "./parameters.ts";

export type { KeepStep } from "./kept_steps.ts";
export type { ParameterValue, Scale } from "./parameters.ts";
export { reload } from "./reload.ts";
export { type Progress, progress, type ProgressState } from "./progress.ts";
export { showText, type ShowTextOptions } from "./show_text.ts";
export { studyProgress, type StudyProgressState } from "./study_progress.ts";

/** Options of {@link notebookRun}. */
export interface NotebookRunOptions<P extends Record<string, ParameterValue>> {
  /** Name of the notebook file without its ending; also the name of its report. */
  name: string;
  /** Every parameter with its value at any scale that does not change it. */
  defaults: P;
  /** What each scale changes. */
  scales: Record<Scale, Partial<NoInfer<P>>>;
  /** Scale in the kernel, where no runner gives one; "quick" unless told otherwise. */
  scale?: Scale;
}

/** Scale and parameters of the run under way. */
export interface NotebookRun<P> {
  name: string;
  scale: Scale;
  parameters: P;
  /** Keeps what takes long until the report is written: `await step("matmul.256", () => measure())`. */
  step: KeepStep;
}

/**
 * The parameters of this run: `defaults`, changed by the scale, changed by `-p key=value` of `deno task report` (handed over in the
 * environment variable LATENT_LAB_RUN, which also works in a kernel). Reports made afterwards show themselves in the notebook.
 *
 * @throws {RangeError} for an override of an unknown name, naming the known ones
 * @throws {TypeError} for an override of another type than the default's
 *
 * @example
 * ```ts
 * import { notebookRun } from "lib/notebook/mod.ts";
 * const { scale, parameters } = notebookRun({
 *   name: "02-lnsp-size-analysis",
 *   defaults: { studentDims: [256, 512, 1024], epochs: 25 },
 *   scales: { smoke: { studentDims: [256], epochs: 1 }, quick: {}, full: { studentDims: [256, 512, 1024, 2048] } },
 * });
 * console.log(scale, parameters.epochs); // quick 25
 * ```
 */
export function notebookRun<P extends Record<string, ParameterValue>>(
  { name, defaults, scales, scale: kernelScale = "quick" }: NotebookRunOptions<P>,
): NotebookRun<P> {
  const { scale: requested, overrides, stepsDir, identity } = requestedRun();
  const scale = requested ?? kernelScale;
  const scaled = resolveParameters(defaults, scales[scale]);
  if (jupyter()) {
    // Not awaited: what a report shows must not hold it back.
    setDisplay((bundle) => void displayBundle(bundle).catch(() => {}));
  }
  const channel = headlessChannel();
  if (channel) setCellSource(channel.cell); // records and blocks then know the cell that makes them
  return { name, scale, parameters: resolveParameters(scaled, overrides), step: keptSteps(stepsDir, identity) };
}
