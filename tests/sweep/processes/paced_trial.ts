// A trial's process whose epochs take 100 ms each; it ends early when it is asked to. With a checkpoint folder's sidecar it does nothing.
import { connectParent } from "lib/process/mod.ts";
import type { TrialOrder } from "lib/sweep/messages.ts";

const parent = connectParent();
const { signal } = parent;
const summary = (epoch: number) => ({
  epoch,
  steps: 10,
  trainLoss: 1 / epoch,
  validation: { loss: 1 / epoch, cosine: 0.5 },
  learningRate: 0.01,
  seconds: 0.1,
  samplesPerSecond: 3200,
});
for await (const message of parent.messages) {
  const { definition: { settings: { epochs } } } = message as TrialOrder;
  parent.send({ type: "ready", baselineRssBytes: 100 });
  const history = [];
  for (let epoch = 1; epoch <= epochs && !signal.aborted; epoch++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    history.push(summary(epoch));
    parent.send({ type: "epoch", summary: history.at(-1) });
  }
  const stopped = signal.aborted ? "aborted" : "epochs";
  const result = { history, bestEpoch: history.length, stopped, steps: 10 * history.length, parameterCount: 1 };
  parent.send({ type: "result", result, peakRssBytes: 300 });
  break;
}
Deno.exit(0);
