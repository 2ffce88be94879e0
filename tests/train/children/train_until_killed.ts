// Trains the small program with a checkpoint after every epoch, telling the parent of each; the parent kills it.

import process from "node:process";
import { connectParent } from "lib/process/mod.ts";
import { trainProgram } from "lib/train/mod.ts";
import { smallData, smallProgram, smallSettings } from "../fixtures.ts";

const parent = connectParent();
const [checkpointDir, epochs] = process.argv.slice(2);
const settings = smallSettings({ epochs: Number(epochs) });
const run = trainProgram(smallProgram(), smallData(), { settings, checkpointDir, checkpointEverySeconds: 0 });
for await (const { epoch } of run) parent.send(epoch);
