// Trains the small program with a checkpoint after every epoch, and kills itself once it has seen an epoch's end: at some point of a
// later epoch or of a checkpoint, as the timing has it. Arguments: folder, epochs, the epoch to die after.

import process from "node:process";
import { connectParent } from "lib/process/mod.ts";
import { trainProgram } from "lib/train/mod.ts";
import { smallData, smallProgram, smallSettings } from "../fixtures.ts";

async function main([checkpointDir, epochs, last]: string[]): Promise<void> {
  const parent = connectParent();
  const settings = smallSettings({ epochs: Number(epochs) });
  const run = trainProgram(smallProgram(), smallData(), { settings, checkpointDir, checkpointEverySeconds: 0 });
  for await (const { epoch } of run) {
    parent.send(epoch);
    if (epoch >= Number(last)) process.kill(process.pid, "SIGKILL");
  }
}

main(process.argv.slice(2));
