import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readSafetensors } from "lib/data/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { optimizerKernel } from "lib/train/kernel/optimizer_kernel.ts";
import { adam, adamW, type OptimizerSpec } from "lib/train/mod.ts";
import { assertAllClose } from "tests/assertions.ts";

/** As CASES of tests/golden/train/make_optimizer.py: settings and the number of the first step. */
const CASES: Record<string, [OptimizerSpec, number]> = {
  adam: [adam({ learningRate: 1e-3 }), 1],
  adam_decay: [adam({ learningRate: 1e-3, weightDecay: 0.1 }), 1],
  adam_late: [adam({ learningRate: 3e-4 }), 1000],
  adam_settings: [adam({ learningRate: 0.05, beta1: 0.5, beta2: 0.99, epsilon: 1e-4 }), 7],
  adamw: [adamW({ learningRate: 1e-3, weightDecay: 0.1 }), 1],
  adamw_late: [adamW({ learningRate: 1e-2, weightDecay: 0.01 }), 1000],
};
const COUNT = 48;
const REGIONS = ["parameter", "firstMoment", "secondMoment"] as const;

/** Four regions of `COUNT` values in one memory. */
function allocate() {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const offsets = { parameter: 0, firstMoment: COUNT * 4, secondMoment: COUNT * 8, gradient: COUNT * 12 };
  const view = (offset: number) => new Float32Array(memory.buffer, offset, COUNT);
  const views = {
    parameter: view(offsets.parameter),
    firstMoment: view(offsets.firstMoment),
    secondMoment: view(offsets.secondMoment),
    gradient: view(offsets.gradient),
  };
  return { memory, offsets, views };
}

for (const [name, [optimizer, firstStep]] of Object.entries(CASES)) {
  Deno.test(`optimizerKernel computes PyTorch's ${name}`, async () => {
    const { tensors } = await readSafetensors(projectPath("tests", "golden", "train", "optimizer.safetensors"));
    const values = (key: string) => tensors[`${name}/${key}`].data as Float32Array;
    const { memory, offsets, views } = allocate();
    const kernel = optimizerKernel(memory, optimizer);
    for (let i = 0; i < 3; i++) {
      const before = (region: string) => values(i === 0 ? region : `${region}${i - 1}`);
      for (const region of REGIONS) views[region].set(before(region));
      views.gradient.set(values(`gradient${i}`));
      kernel.update({ offsets, count: COUNT }, { step: firstStep + i, learningRate: optimizer.learningRate });
      for (const region of REGIONS) {
        const expected = values(`${region}${i}`);
        // Rounding alone: a few units in the last place of the larger of the terms that are added.
        const atols = expected.map((value, j) => 4e-7 * (Math.abs(before(region)[j]) + Math.abs(value)));
        expected.forEach((value, j) => {
          const label = `${region}[${j}] after step ${i + 1}`;
          assertAllClose([views[region][j]], [value], { rtol: 0, atol: atols[j], label });
        });
      }
    }
  });
}

Deno.test("optimizerKernel moves parameters as far as float64 arithmetic says, to 7 digits", () => {
  const { memory, offsets, views } = allocate();
  const optimizer = adam({ learningRate: 1e-3 });
  const kernel = optimizerKernel(memory, optimizer);
  views.gradient.fill(0.5);
  for (let step = 1; step <= 5; step++) kernel.update({ offsets, count: COUNT }, { step, learningRate: 1e-3 });
  // A constant gradient g has moments g and g^2 once corrected: each step is the learning rate, times g / (g + epsilon).
  assertAllClose(views.parameter, new Array(COUNT).fill(-5e-3 * 0.5 / (0.5 + 1e-8)), { rtol: 1e-6 });
});

Deno.test("optimizerKernel lets the moments of a dead unit end at zero, never among denormals", () => {
  const { memory, offsets, views } = allocate();
  const kernel = optimizerKernel(memory, adam({ learningRate: 1e-3, beta2: 0.9 }));
  views.firstMoment.forEach((_, i, moments) => moments[i] = (i % 2 ? -1 : 1) * 1e-3);
  views.secondMoment.fill(1e-6);
  const smallest = 1e-34;
  for (let step = 1; step <= 1000; step++) {
    kernel.update({ offsets, count: COUNT }, { step, learningRate: 1e-3 });
    for (const value of [...views.firstMoment, ...views.secondMoment]) {
      assert.ok(value === 0 || Math.abs(value) >= smallest, `${value} in step ${step}`);
    }
  }
  assert.ok([...views.firstMoment, ...views.secondMoment].every((value) => value === 0));
});

Deno.test("optimizerKernel does not hide a NaN", () => {
  const { memory, offsets, views } = allocate();
  views.gradient[5] = NaN;
  optimizerKernel(memory, adam({ learningRate: 1e-3 })).update({ offsets, count: COUNT }, {
    step: 1,
    learningRate: 1e-3,
  });
  for (const region of REGIONS) {
    assert.deepEqual([...views[region].keys()].filter((i) => Number.isNaN(views[region][i])), [5]);
  }
});

Deno.test("optimizerKernel leaves everything but its regions alone", () => {
  const { memory, offsets } = allocate();
  const all = new Uint8Array(memory.buffer);
  all.fill(7, COUNT * 16);
  optimizerKernel(memory, adam({ learningRate: 1e-3 })).update({ offsets, count: COUNT }, {
    step: 1,
    learningRate: 1e-3,
  });
  assert.ok(all.subarray(COUNT * 16).every((byte) => byte === 7));
});

Deno.test("the committed kernel is what its source compiles to", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kernel-"));
  try {
    const output = join(folder, "kernel_wasm.ts");
    const build = projectPath("lib", "train", "kernel", "build.mjs");
    await promisify(execFile)("node", [build, output], { timeout: 120_000 });
    const [compiled, committed] = await Promise.all(
      [output, projectPath("lib", "train", "kernel", "kernel_wasm.ts")].map((path) => readFile(path, "utf8")),
    );
    assert.equal(compiled, committed);
  } finally {
    await rm(folder, { recursive: true });
  }
});
