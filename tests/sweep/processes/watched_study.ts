// A process that runs a small study with real training, for pages that look at it meanwhile: two short trials, then two that go
// on until they are cancelled. Argument: folder of studies.
import process from "node:process";
import { dataReference, randomDataset } from "lib/data/mod.ts";
import { seeds } from "lib/sweep/mod.ts";
import { createStudy } from "lib/sweep/study.ts";
import { testEnvironment, tinyTrial } from "../studies.ts";

const [folder] = Deno.args;
const data = dataReference(randomDataset({ rows: 20_000, width: 8, seed: 1 }), { x: "embedding" });
const study = createStudy({
  name: "watched",
  space: { studentDim: [4, 8], seed: seeds(2) },
  trial: ({ studentDim }) => ({ ...tinyTrial({ studentDim, epochs: studentDim === 4 ? 3 : 100_000 }), data }),
}, testEnvironment(folder));
const controller = new AbortController();
process.on("SIGTERM", () => controller.abort());
await study.run({ trials: 1, failures: "return", signal: controller.signal }).catch((error) => {
  if (!controller.signal.aborted) throw error;
});
