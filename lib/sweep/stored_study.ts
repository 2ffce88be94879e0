// A study from its store alone: its trials are data, so they can be run without the notebook that defined them.

import { join } from "node:path";
import { checkStudyName, projectEnvironment, projectRelative, type StudyEnvironment } from "./environment.ts";
import { asha, median, type Pruner } from "./pruner.ts";
import { studyNames } from "./reader.ts";
import { replicaAxis, type Space } from "./space.ts";
import { StudyStore } from "./store.ts";
import { currentDefinition, presentDefinition } from "./store_definitions.ts";
import type { StudyDefinition } from "./store_types.ts";
import { type Study, studyOf } from "./study.ts";
import type { SerializedProgram } from "../train/mod.ts";
import type { Trial } from "./trial.ts";

/** Samplers whose points are all stored. */
const KNOWN_AHEAD = ["grid", "random", "sobol"];

/**
 * The study that was last run under a name, with its stored trials. It goes on where it was; a notebook or module that defines it
 * again finds the results.
 *
 * @throws {RangeError} when there is no such study, naming those there are
 * @throws {Error} when its sampler is adaptive: only the code that defined it can make trials of its suggestions
 */
export async function storedStudy(
  name: string,
  environment: StudyEnvironment = projectEnvironment(),
): Promise<Study> {
  checkStudyName(name);
  const folder = join(environment.checkpointsFolder, name);
  const store = await StudyStore.openExisting(folder, projectRelative(folder));
  if (store === null) {
    const names = (await studyNames(environment)).join(", ") || "none";
    throw new RangeError(`Cannot go on with study "${name}": expected one of those there are (${names})`);
  }
  try {
    const definition = presentDefinition(store, name);
    const { sampler, space } = definition;
    if (!KNOWN_AHEAD.includes(sampler.name)) {
      throw new Error(
        `Cannot go on with study "${name}" by its name: its sampler ${sampler.name} suggests what to try as it goes, which only the ` +
          "code that defined it can make a trial of; run its notebook, or the module that exports it",
      );
    }
    return studyOf({
      definition,
      environment,
      trials: storedTrials(store),
      seedName: replicaAxis(space as Space),
      pruner: storedPruner(definition),
      adaptive: null,
    });
  } finally {
    store.close();
  }
}

function storedTrials(store: StudyStore): Trial[] {
  const programs = new Map<string, SerializedProgram>();
  return store.standings({ definition: currentDefinition(store)?.id ?? null }).map((
    { key, parameters, parameterCount },
  ) => ({
    key,
    parameters,
    parameterCount,
    definition: store.definition(key, programs)!,
  }));
}

function storedPruner({ name, pruner }: StudyDefinition): Pruner | null {
  if (pruner === null) return null;
  const make = ({ asha, median } as Record<string, (settings: object) => Pruner>)[pruner.name];
  if (make !== undefined) return make(pruner.settings);
  throw new Error(
    `Cannot go on with study "${name}" by its name: its pruner ${pruner.name} is known to the code that defined it only`,
  );
}
