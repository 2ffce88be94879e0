// A trial's process whose epochs take 100 ms each; it ends early when it is asked to.
import { connectParent } from "lib/process/mod.ts";
import type { StopRequest, TrialOrder } from "lib/sweep/messages.ts";

const parent = connectParent();
let stopped = false;
parent.signal.addEventListener("abort", () => stopped = true);
const summary = (epoch: number) => ({
  epoch,
  steps: 10,
  trainLoss: 1 / epoch,
  validation: { loss: 1 / epoch, cosine: 0.5 },
  learningRate: 0.01,
  seconds: 0.1,
  samplesPerSecond: 3200,
});
async function run({ definition: { settings: { epochs } } }: TrialOrder): Promise<never> {
  parent.send({ type: "ready", baselineRssBytes: 100 });
  const history = [];
  for (let epoch = 1; epoch <= epochs && !stopped; epoch++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    history.push(summary(epoch));
    parent.send({ type: "epoch", summary: history.at(-1) });
  }
  const end = { stopped: stopped ? "aborted" : "epochs", steps: 10 * history.length, parameterCount: 1 };
  parent.send({ type: "result", result: { history, bestEpoch: history.length, ...end }, peakRssBytes: 300 });
  Deno.exit(0);
}

for await (const message of parent.messages as AsyncIterable<TrialOrder | StopRequest>) {
  if ("stop" in message) stopped = true;
  else run(message);
}
await new Promise(() => {}); // the trial ends the process
