// A side that takes no time: it answers every request with as many samples as it asks for, all of the length that its first argument
// gives. With "dies" as second argument it ends at the first request, with "silent" before its greeting; "late" it never greets.

import process from "node:process";
import { connectParent } from "lib/process/mod.ts";

async function main([stepMs, how]: string[]): Promise<void> {
  const parent = connectParent();
  if (how === "silent") throw new Error("this side cannot start");
  if (how === "late") await new Promise((resolve) => setTimeout(resolve, 600_000));
  parent.send({ losses: [1] });
  for await (const message of parent.messages) {
    if (how === "dies") throw new Error("this side is broken");
    const { steps } = message as { steps: number };
    parent.send({ samplesMs: new Array(steps).fill(Number(stepMs)) });
  }
}

main(process.argv.slice(2));
