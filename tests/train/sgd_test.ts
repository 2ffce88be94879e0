import assert from "node:assert/strict";
import { readSafetensors } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { optimizerKernel } from "lib/train/kernel/optimizer_kernel.ts";
import { adam8bit, type OptimizerSpec, sgd } from "lib/train/mod.ts";
import { allocateState } from "lib/train/state.ts";
import { parameter } from "lib/graph/mod.ts";
import { random } from "lib/statistics/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** As CASES of tests/golden/train/make_sgd.py. */
const CASES: Record<string, OptimizerSpec> = {
  plain: sgd({ learningRate: 0.1 }),
  momentum: sgd({ learningRate: 0.05, momentum: 0.9 }),
  nesterov: sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
  decay: sgd({ learningRate: 0.05, momentum: 0.5, weightDecay: 0.1 }),
};
const golden = await readSafetensors(projectPath("tests", "golden", "train", "sgd.safetensors"));
const values = (key: string) => golden.tensors[key].data as Float32Array;

/** State of one vector, and the kernel over its memory. */
function vector(optimizer: OptimizerSpec, size = 48, accumulates = false) {
  const leaf = parameter("p", [size], { initializer: { kind: "constant", value: 0 } });
  const { parameters: [row], memories: [regions] } = allocateState([leaf], { optimizer, accumulates });
  return { row, regions, kernel: optimizerKernel(regions.memory, optimizer) };
}

for (const [name, optimizer] of Object.entries(CASES)) {
  Deno.test(`optimizerKernel computes PyTorch's SGD, ${name}`, () => {
    const { row, regions, kernel } = vector(optimizer);
    row.parameter.set(values(`${name}/parameter`));
    for (let i = 0; i < 3; i++) {
      row.gradient.set(values(`${name}/gradient${i}`));
      kernel.update(regions, { step: i + 1, learningRate: optimizer.learningRate });
      assertAllClose(row.parameter, values(`${name}/parameter${i}`), { rtol: 1e-6, atol: 1e-6, label: `step ${i}` });
    }
  });
}

Deno.test("sumSquares and addInto give PyTorch's accumulated and clipped step", () => {
  const optimizer = sgd({ learningRate: 0.1 });
  const { row, regions, kernel } = vector(optimizer, 48, true);
  const accumulated = new Float32Array(regions.memory.buffer, regions.offsets.accumulated, 48);
  row.parameter.set(values("clipped/parameter"));
  for (let i = 0; i < 2; i++) {
    for (const batch of ["first", "second"]) {
      row.gradient.set(values(`clipped/${batch}${i}`));
      kernel.addInto(regions.offsets.accumulated, regions.offsets.gradient, regions.count);
    }
    const norm = Math.sqrt(kernel.sumSquares(regions.offsets.accumulated, regions.count)) / 2;
    const exact = Math.hypot(...accumulated) / 2;
    assertAllClose([norm], [exact], { rtol: 1e-12 });
    const gradientScale = Math.min(1, 0.5 / (norm + 1e-6)) / 2;
    kernel.update(regions, { step: 1, learningRate: 0.1, gradientScale, gradientRegion: "accumulated" });
    accumulated.fill(0);
    assertAllClose(row.parameter, values(`clipped/parameter${i}`), { rtol: 1e-6, atol: 1e-6 });
  }
});

Deno.test("adam8bit carries a quarter of Adam's state and stays close to Adam", () => {
  const size = 4096;
  const exact = vector({ ...adam8bit({ learningRate: 1e-2 }), kind: "adam" }, size);
  const coarse = vector(adam8bit({ learningRate: 1e-2 }), size);
  const bytes = ({ row }: typeof exact) =>
    Object.values(row.carried).reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert.ok(bytes(coarse) <= 0.27 * bytes(exact), `${bytes(coarse)} of ${bytes(exact)} bytes`);
  const stream = random(1, "gradients");
  for (let step = 1; step <= 200; step++) {
    const gradient = stream.fillNormal(new Float32Array(size), 0.1, 1);
    for (const { row, regions, kernel } of [exact, coarse]) {
      row.gradient.set(gradient);
      kernel.update(regions, { step, learningRate: 1e-2 });
    }
  }
  const length = (x: Float32Array) => Math.hypot(...x);
  const apart = length(coarse.row.parameter.map((value, i) => value - exact.row.parameter[i]));
  assert.ok(apart < 0.03 * length(exact.row.parameter), `${apart} of ${length(exact.row.parameter)}`);
});

Deno.test("adam8bit takes its first step exactly as Adam", () => {
  const exact = vector({ ...adam8bit({ learningRate: 1e-2 }), kind: "adam" });
  const coarse = vector(adam8bit({ learningRate: 1e-2 }));
  for (const { row, regions, kernel } of [exact, coarse]) {
    row.gradient.set(values("plain/gradient0"));
    kernel.update(regions, { step: 1, learningRate: 1e-2 });
  }
  assertAllClose(coarse.row.parameter, exact.row.parameter, { rtol: 1e-6 });
});

Deno.test("sgd refuses settings that make no sense", () => {
  assert.throws(() => sgd({ learningRate: 0 }), /expected learningRate above 0, got 0/);
  assert.throws(() => sgd({ learningRate: 1, momentum: 1 }), /expected momentum in \[0, 1\), got 1/);
  assert.throws(() => sgd({ learningRate: 1, nesterov: true }), /expected momentum above 0 with nesterov/);
});
