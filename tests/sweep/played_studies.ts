// Studies over widths for tests with a played executor.

import { type Pruner, seeds } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { reportLosses, type Stage } from "./played_executor.ts";
import { testEnvironment, tinyTrial } from "./studies.ts";

/** Widths 1 to `widths`, each with `replicas` seeds. */
export function widthStudy(folder: string, { widths = 4, replicas = 1, ...options }: Record<string, unknown> & {
  widths?: number;
  replicas?: number;
}) {
  const space = { studentDim: Array.from({ length: widths }, (_, i) => i + 1), seed: seeds(replicas) };
  const definition = { name: "played", space, trial: tinyTrial, ...options };
  return createStudy(definition, testEnvironment(folder));
}

/** The parameters of a played trial. */
export const pointOf = ({ order: { trial: { parameters } } }: Stage) =>
  parameters as unknown as { studentDim: number; seed: number };
/** Two epochs; the loss falls with the width. */
export const finishing = (stage: Stage) => reportLosses(stage, [0.9, 0.5 / pointOf(stage).studentDim]);

/** Ends after the first epoch what is worse than 0.5 then. */
export const aboveHalf: Pruner = {
  name: "aboveHalf",
  settings: {},
  reason: ({ epoch, value }) => epoch === 1 && value > 0.5 ? `a loss of ${value} is above 0.5` : null,
};
