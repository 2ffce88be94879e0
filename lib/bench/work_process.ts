// A process of `measureConcurrency` and `measureTrainingCosts`: builds its session or stepper, then works for as long, or takes as many
// steps, as it is told.

import { bindDimensions, deserializeGraph, elementCount, type Graph } from "../graph/mod.ts";
import { initialValues } from "../nn/mod.ts";
import { connectParent, ownMemory } from "../process/mod.ts";
import { compile } from "../runtime/mod.ts";
import { random } from "../statistics/mod.ts";
import { adam, cpuStepper, deserializeProgram, type SerializedProgram } from "../train/mod.ts";
import type { TurnPlan } from "./turn_plan.ts";
import type { Work, WorkAnswer } from "./work.ts";

const WARM_UP_CALLS = 3;

type Call = () => Promise<unknown>;

const uniform = (name: string, values: number) =>
  random(1, "input", name).fillUniform(new Float32Array(values), -0.1, 0.1);

async function inference(graph: Graph, { batchSize, threads }: Work): Promise<Call> {
  const fixed = bindDimensions(graph, { batch: batchSize });
  const float32 = (shape: readonly number[], data: Float32Array) => ({ dtype: "float32", shape, data }) as const;
  const weights = Object.fromEntries(
    fixed.parameters.map((leaf) => [leaf.source.name, float32(leaf.shape as number[], initialValues(leaf, 1))]),
  );
  const session = await compile(fixed, { threads, weights });
  const feeds = Object.fromEntries(
    Object.entries(fixed.inputs).map(([name, { shape }]) => {
      const sizes = shape as number[];
      return [name, float32(sizes, uniform(name, elementCount(sizes)))];
    }),
  );
  const bound = session.bind(feeds, await session.run(feeds));
  return () => bound.run();
}

async function training(program: SerializedProgram, { batchSize, threads }: Work): Promise<Call> {
  const optimizer = adam({ learningRate: 1e-3 });
  const stepper = await cpuStepper(deserializeProgram(program).loss, { batchSize, threads, optimizer, seed: 1 });
  for (const [name, values] of Object.entries(stepper.batch)) values.set(uniform(name, values.length));
  let step = 0;
  return () => stepper.step({ step: ++step, learningRate: 1e-3 });
}

async function workFor(call: Call, seconds: number): Promise<WorkAnswer> {
  const start = performance.now();
  let [calls, elapsed] = [0, 0];
  while (elapsed < seconds) {
    await call();
    calls++;
    elapsed = (performance.now() - start) / 1000;
  }
  return { calls, seconds: elapsed, rssBytes: ownMemory().rssBytes };
}

async function takeTurn(call: Call, { settle, steps, repeat }: Omit<TurnPlan, "rounds">) {
  for (let i = 0; i < settle * repeat; i++) await call();
  const samplesMs = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    const before = performance.now();
    for (let k = 0; k < repeat; k++) await call();
    samplesMs[i] = (performance.now() - before) / repeat;
  }
  return { samplesMs };
}

const parent = connectParent();
parent.send("ready");
let call: Call | null = null;
for await (const message of parent.messages) {
  if (call === null) {
    const task = message as Work;
    call = task.kind === "inference"
      ? await inference(deserializeGraph(task.definition as Parameters<typeof deserializeGraph>[0]), task)
      : await training(task.definition as SerializedProgram, task);
    for (let i = 0; i < WARM_UP_CALLS; i++) await call();
    parent.send("built");
  } else if ("seconds" in (message as object)) {
    parent.send(await workFor(call, (message as { seconds: number }).seconds));
  } else parent.send(await takeTurn(call, message as Omit<TurnPlan, "rounds">));
}
