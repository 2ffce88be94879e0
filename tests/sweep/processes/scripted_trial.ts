// A trial's process that does what its seed says instead of training: 2 throws, 3 hangs, 4 exits, 5 reports a metric without a value,
// 6 floods its output, 7 is killed, 8 has a result and does not end, 9 is asked to end by another; all others succeed.
import { connectParent } from "lib/process/mod.ts";
import type { TrialOrder } from "lib/sweep/messages.ts";

const parent = connectParent();
const summary = (epoch: number, cosine = 0.5) => ({
  epoch,
  steps: 10,
  trainLoss: 1 / epoch,
  validation: { loss: 1 / epoch, cosine },
  learningRate: 0.01,
  seconds: 0.25,
  samplesPerSecond: 1280,
});
for await (const message of parent.messages) {
  if ("stop" in (message as object)) continue;
  const { definition: { settings: { seed, epochs } }, threads } = message as TrialOrder;
  parent.send({ type: "ready", baselineRssBytes: 100 });
  parent.send({ type: "epoch", summary: summary(1, seed === 5 ? NaN : 0.5) });
  console.error(`seed ${seed} with ${threads} threads`);
  switch (seed) {
    case 2:
      throw new RangeError("the code of the trial is wrong");
    case 3:
      while (seed === 3);
      break;
    case 4:
      Deno.exit(3);
      break;
    case 6:
      while (seed === 6) console.log("0123456789".repeat(1000));
      break;
    case 7:
      Deno.kill(Deno.pid, "SIGKILL");
      break;
    case 9:
      parent.signal.addEventListener("abort", () => {
        const result = { history: [summary(1)], bestEpoch: 1, stopped: "aborted", steps: 10, parameterCount: 1 };
        parent.send({ type: "result", result, peakRssBytes: 300 });
        Deno.exit(0);
      });
      Deno.kill(Deno.pid, "SIGTERM");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  for (let epoch = 2; epoch <= epochs; epoch++) parent.send({ type: "epoch", summary: summary(epoch) });
  const history = Array.from({ length: epochs }, (_, i) => summary(i + 1));
  const result = { history, bestEpoch: epochs, stopped: "epochs", steps: 10 * epochs, parameterCount: 1 };
  parent.send({ type: "result", result, peakRssBytes: 300 });
  while (seed === 8);
  parent.send({ type: "idle", rssBytes: 100 });
}
