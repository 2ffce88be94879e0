// A trial's process that says that it took 3 GiB.
import { connectParent } from "lib/process/mod.ts";

const parent = connectParent();
const epoch = {
  epoch: 1,
  steps: 1,
  trainLoss: 1,
  validation: { loss: 1 },
  learningRate: 1,
  seconds: 1,
  samplesPerSecond: 1,
};
for await (const _ of parent.messages) {
  parent.send({ type: "ready", baselineRssBytes: 2 ** 27 });
  const result = { history: [epoch], bestEpoch: 1, stopped: "epochs", steps: 1, parameterCount: 1 };
  parent.send({ type: "result", result, peakRssBytes: 3 * 2 ** 30 });
  parent.send({ type: "idle", rssBytes: 2 ** 27 });
}
