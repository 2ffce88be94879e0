// A trial's process that trains like the real one, and holds 400 MiB more once it has begun: what its graph predicts is too low.
import { connectParent, ownMemory } from "lib/process/mod.ts";
import type { TrialOrder, TrialReport } from "lib/sweep/messages.ts";
import { deserializeProgram, openTrainingData, trainProgram } from "lib/train/mod.ts";

const parent = connectParent();
const report = (message: TrialReport) => parent.send(message);
// In a thread of its own: native code keeps this one busy.
const leak = `
const held = [];
onmessage = () => setInterval(() => {
  if (held.length < 25) held.push(new Uint8Array(16 * 2 ** 20).fill(1));
}, 40);
`;
const leaking = new Worker(`data:application/javascript,${encodeURIComponent(leak)}`, { type: "module" });
for await (const message of parent.messages as AsyncIterable<TrialOrder>) {
  if ("stop" in message) continue;
  const { definition: { program, settings, data }, checkpointDir, threads } = message;
  const opened = await openTrainingData(data);
  report({ type: "ready", baselineRssBytes: ownMemory().rssBytes });
  leaking.postMessage("begin");
  const run = trainProgram(deserializeProgram(program), opened, { settings: { ...settings, threads }, checkpointDir });
  for await (const summary of run) report({ type: "epoch", summary });
  const { history, bestEpoch, stopped, steps, parameterCount } = await run.result;
  const result = { history, bestEpoch, stopped, steps, parameterCount };
  report({ type: "result", result, peakRssBytes: ownMemory().peakRssBytes });
  Deno.exit(0);
}
