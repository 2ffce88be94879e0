// A process that defines a study and tells its keys.
import { connectParent } from "lib/process/mod.ts";
import { defineStudy, seeds } from "lib/sweep/mod.ts";
import { tinyTrial } from "../studies.ts";

const study = defineStudy({ name: "keys", space: { studentDim: [4, 8], seed: seeds(2) }, trial: tinyTrial });
connectParent().send(study.trials.map(({ key }) => key));
