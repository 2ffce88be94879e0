// WebGPU needs its environment before a process starts, so each test is a child process; see tests/webgpu_environment.ts.

import assert from "node:assert/strict";
import process from "node:process";
import {
  add,
  bindDimensions,
  forWebGpu,
  graph,
  input,
  interpret,
  mul,
  parameter,
  reduceMean,
  reduceSum,
  topologicalOrder,
} from "lib/graph/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { deviceError } from "lib/runtime/mod.ts";
import { adam, adamW, type OptimizerSpec } from "lib/train/mod.ts";
import { residentColumns } from "lib/train/webgpu_columns.ts";
import { stateName, stepGraph, stepScalars } from "lib/train/webgpu_step_graph.ts";
import { webgpuTest, webgpuTests } from "tests/webgpu_environment.ts";
import { smallProgram } from "./fixtures.ts";

const child = (name: string) => projectPath("tests", "train", "children", name);
const parity = child("webgpu_parity.ts");
const steps = child("webgpu_steps.ts");

webgpuTests("steps on WebGPU are PyTorch's, each from PyTorch's state", {
  "200 of Adam": { module: parity, args: ["adam_mse"] },
  "of AdamW, and through LayerNorm, GELU and tanh": { module: parity, args: ["adamw_alignment", "adam_mixed"] },
  "20 of attention and lfm2": { module: child("webgpu_golden.ts"), args: ["attention", "lfm2"] },
  "20 of gru and lstm": { module: child("webgpu_golden.ts"), args: ["gru", "lstm"] },
});
webgpuTest("a WebGPU stepper starts with the CPU's state, moves it, keeps frozen parameters and gives it back", {
  module: steps,
  args: ["startsAndGoesOnLikeTheCpu", "putsStateBack", "keepsFrozenParameters"],
});
webgpuTest("WebGPU steps are the same for one group of parameters and for many, and leave the state at a bad loss", {
  module: steps,
  args: ["givesTheSameInOneGroupAndInMany", "leavesStateWhenTheLossIsNotFinite"],
});
webgpuTest("a batch gathered from columns on the device gives the bits of one that was sent", {
  module: steps,
  args: ["gathersWhatIsSent"],
});
webgpuTest(
  "what WebGPU cannot train is refused with the node's name and line, a batch of another size with the input's",
  {
    module: steps,
    args: ["refusesWhatItCannotTrain", "refusesOtherSizes"],
  },
);
webgpuTest("a run on WebGPU, aborted and resumed, ends with the same bits", {
  module: steps,
  args: ["resumesToTheSameBits"],
});
if (process.platform === "linux") {
  webgpuTest("a machine without a GPU is told so", {
    module: steps,
    args: ["saysThatThereIsNoGpu"],
    env: { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" },
  });
}

Deno.test("residentColumns leaves out what WebGPU may be unable to bind, and keeps a column that serves twice once", () => {
  const x = input("x", "float32", [4, 8]);
  const column = (rows: number) => ({ dtype: "float32", shape: [rows, 8], data: new Float32Array(rows * 8) }) as const;
  const loss = graph("loss", {
    loss: reduceMean(mul(add(x, input("y", "float32", [4, 8])), input("z", "float32", [4, 8]))),
  });
  const small = column(16);
  const columns = { x: small, y: column(2 ** 22 + 1), z: small };
  const resident = residentColumns(loss, { columns, batchSize: 4 });
  assert.deepEqual(Object.values(resident.columns), [small]);
  assert.deepEqual([...resident.batch.keys()], [loss.inputs.x, loss.inputs.z]);
  assert.equal(resident.batch.get(loss.inputs.x), resident.batch.get(loss.inputs.z));
  assert.equal(residentColumns(loss, { columns: { y: column(2 ** 22) }, batchSize: 4 }).batch.size, 1);
  const narrow = { dtype: "float32", shape: [16, 7], data: new Float32Array(112) } as const;
  assert.throws(
    () => residentColumns(loss, { columns: { x: narrow }, batchSize: 4 }),
    /^TypeError: Cannot train loss: expected x in rows of \[8\], got \[7\]$/,
  );
});

function operatorCounts(optimizer: OptimizerSpec, groupValues: number) {
  const fixed = bindDimensions(smallProgram().loss, { batch: 8 });
  const { graph, groups } = stepGraph(fixed, { optimizer, groupValues });
  const types = topologicalOrder(Object.values(graph.outputs)).map(({ type }) => type);
  const count = (type: string) => types.filter((other) => other === type).length;
  return { groups: groups.length, nodes: types.length, splits: count("Split"), roots: count("Sqrt") };
}

Deno.test("stepGraph applies the optimizer once a group, not once a parameter", () => {
  const optimizer = adam({ learningRate: 1e-2 });
  const flat = operatorCounts(optimizer, Infinity);
  const separate = operatorCounts(optimizer, 0);
  assert.deepEqual([flat.groups, flat.roots, flat.splits], [1, 1, 1]);
  assert.deepEqual([separate.groups, separate.roots, separate.splits], [8, 8, 0]);
  // 12 operations of Adam for each of 7 further groups, less a split and a concatenation.
  assert.equal(separate.nodes - flat.nodes, 7 * 12 - 2);
});

Deno.test("stepGraph and forWebGpu cut any number of parameters in their order, at most seven at once", () => {
  for (const [count, splits] of [[1, 0], [2, 1], [7, 1], [8, 2], [13, 2], [14, 3], [49, 8], [50, 9], [60, 10]]) {
    const parameters = Array.from({ length: count }, (_, i) => {
      return parameter(`p${i}`, [1 + i % 3], { initializer: { kind: "constant", value: 0 } });
    });
    // The i-th sum is multiplied by i + 1, so that each parameter must come from its own place.
    const loss = parameters.map((p, i) => mul(reduceSum(p), i + 1)).reduce((sum, term) => add(sum, term));
    const { graph: step, groups: [{ members, count: total }] } = stepGraph(graph("loss", { loss }), {
      optimizer: adam({ learningRate: 1e-2 }),
      groupValues: Infinity,
    });
    const forward = forWebGpu(graph("forward", { loss: step.outputs.loss }));
    const cuts = topologicalOrder(Object.values(forward.outputs)).filter(({ type }) => type === "Split");
    assert.equal(cuts.length, splits, `${count} parameters`);
    assert.ok(cuts.every(({ outputs }) => outputs.length <= 7));
    const flat = Float64Array.from({ length: total }, (_, i) => i);
    const name = stateName("parameter", 0);
    const { loss: got } = interpret(forward, { [name]: { shape: [total], data: flat } });
    const expected = members.reduce((sum, { start, count }, i) => {
      return sum + (i + 1) * flat.slice(start, start + count).reduce((a, b) => a + b);
    }, 0);
    assert.equal(got.data[0], expected, `${count} parameters`);
  }
});

Deno.test("stepGraph adds weight decay where its optimizer has it", () => {
  const plain = operatorCounts(adam({ learningRate: 1e-2 }), Infinity).nodes;
  const decay = { learningRate: 1e-2, weightDecay: 0.1 };
  assert.equal(operatorCounts(adam(decay), Infinity).nodes - plain, 2);
  assert.equal(operatorCounts(adamW(decay), Infinity).nodes - plain, 1);
  assert.equal(operatorCounts(adamW({ ...decay, weightDecay: 0 }), Infinity).nodes, plain);
  assert.equal(stepScalars(adamW(decay), { step: 1, learningRate: 0.5 })["optimizer:shrink"], 0.95);
});

Deno.test("deviceError tells a lost device, and keeps what it does not know", () => {
  const lost = deviceError("run step", new Error("[Device] is lost: Device was lost (VK_ERROR_DEVICE_LOST)"));
  assert.match(lost.message, /^Cannot run step on WebGPU: the GPU device was lost .* from its last checkpoint$/);
  assert.equal(deviceError("run step", "odd").message, "Cannot run step on WebGPU: odd");
});
