// The process of one trial: started by a run, it trains what it is told, reports epochs, and ends. Whatever happens in here,
// the run only sees reports that stop coming.

import process from "node:process";
import { connectParent, type Parent, PeakMemory } from "../process/mod.ts";
import { warmUpEngine } from "../runtime/mod.ts";
import { deserializeProgram, openTrainingData, trainProgram } from "../train/mod.ts";
import type { TrialOrder, TrialReport } from "./messages.ts";

async function main(): Promise<void> {
  const parent = connectParent();
  const { signal } = parent;
  const order = await firstMessage(parent);
  const report = (message: TrialReport) => parent.send(message);
  try {
    await runTrial(order, { report, signal });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    report({ type: "error", name, message });
    console.error(error);
    process.exit(1);
  }
  process.exit(0); // else a listener for signals may keep the process waiting
}

async function runTrial(
  { definition, checkpointDir, threads }: TrialOrder,
  { report, signal }: { report: (message: TrialReport) => void; signal: AbortSignal },
): Promise<void> {
  const program = deserializeProgram(definition.program);
  const data = await openTrainingData(definition.data);
  await warmUpEngine();
  const memory = new PeakMemory();
  report({ type: "ready", baselineRssBytes: memory.baselineRssBytes });
  const settings = { ...definition.settings, threads };
  const run = trainProgram(program, data, { settings, checkpointDir, signal });
  for await (const summary of run) {
    memory.sample();
    report({ type: "epoch", summary });
  }
  const { history, bestEpoch, stopped, steps, parameterCount } = await run.result;
  const result = { history, bestEpoch, stopped, steps, parameterCount };
  report({ type: "result", result, peakRssBytes: memory.end() });
}

async function firstMessage({ messages }: Parent): Promise<TrialOrder> {
  for await (const message of messages) return message as TrialOrder;
  throw new Error("Cannot run a trial: expected to be told which, got nothing");
}

main();
