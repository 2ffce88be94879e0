// A helper thread of the optimizer: sleeps until a step, updates its share, says so.

import { workerData } from "node:worker_threads";
import { optimizerKernel } from "./optimizer_kernel.ts";
import { type HelperTask, readStep, TURN_INDEX } from "./update_threads.ts";

const { optimizer, shares, signals, numbers, doneIndex } = workerData as HelperTask;
const kernels = shares.map(({ memory }) => optimizerKernel(memory, optimizer));
for (let turn = 0;;) {
  Atomics.wait(signals, TURN_INDEX, turn);
  const called = Atomics.load(signals, TURN_INDEX);
  if (called < 0) break;
  if (called === turn) continue;
  turn = called;
  const step = readStep(numbers);
  shares.forEach((share, i) => kernels[i].update(share, step));
  Atomics.store(signals, doneIndex, turn);
  Atomics.notify(signals, doneIndex);
}
