// Run as a child with WebGPU: the steps of tests/golden/graph, each from PyTorch's own state. Prints the largest errors seen.

import process from "node:process";
import { bindDimensions, elementCount, graph } from "lib/graph/mod.ts";
import { compile } from "lib/runtime/mod.ts";
import { traceProgram, webgpuStepper } from "lib/train/mod.ts";
import { stateName, stepGraph } from "lib/train/webgpu_step_graph.ts";
import { GOLDEN_MODELS } from "tests/nn/golden_models.ts";
import { assertGoldenSteps, byName, golden, GOLDEN_OPTIMIZER } from "tests/nn/golden_steps.ts";

async function check(name: string): Promise<void> {
  const { loss } = traceProgram(GOLDEN_MODELS[name]);
  const reference = await golden(name);
  const optimizer = GOLDEN_OPTIMIZER;
  const stepper = await webgpuStepper(loss, { batchSize: reference.rows, optimizer, seed: 1 });
  // The gradients that the step computes and does not give away.
  const fixed = bindDimensions(loss, { batch: reference.rows });
  const built = stepGraph(fixed, { optimizer, groupValues: Infinity });
  const session = await compile(graph("gradients", { gradient: built.gradients[0] }), { provider: "webgpu" });
  const [{ members, count }] = built.groups;
  const gradients = async (step: number) => {
    const weights = byName(reference.at("step/parameter", step), reference.names, loss);
    const flat = Float32Array.from(members.flatMap(({ parameter }) => [...weights[parameter.source.name]]));
    const batch = reference.batchNames.map((key) => {
      const shape = fixed.inputs[key].shape as number[];
      return [key, { dtype: "float32", shape, data: stepper.batch[key].slice(0, elementCount(shape)) }] as const;
    });
    const parameter = { dtype: "float32", shape: [count], data: flat } as const;
    const { gradient } = await session.run({ ...Object.fromEntries(batch), [stateName("parameter", 0)]: parameter });
    const data = gradient.data as Float32Array;
    return Object.fromEntries(
      members.map(({ parameter, start, count }) => [parameter.source.name, data.subarray(start, start + count)]),
    );
  };
  const largest = await assertGoldenSteps(name, { stepper, parameters: loss.parameters, gradients });
  console.log(`${name} on webgpu, ${reference.steps} steps, largest errors: ${JSON.stringify(largest)}`);
  await session.release();
  await stepper.release();
}

for (const name of process.argv.slice(2)) await check(name);
