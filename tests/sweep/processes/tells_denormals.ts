// A process that warms up as the process of a trial does, prepares training, and tells whether denormals are flushed.
import { meanSquaredError } from "lib/nn/mod.ts";
import { lnspStudent } from "lib/models/lnsp.ts";
import { connectParent } from "lib/process/mod.ts";
import { warmUpEngine } from "lib/runtime/mod.ts";
import { adam, cpuStepper, traceProgram } from "lib/train/mod.ts";

const parent = connectParent();
await warmUpEngine("cpu", { flushDenormals: true });
const program = traceProgram({
  model: lnspStudent({ inputDim: 8, studentDim: 8, latentDim: 4 }),
  loss: ({ output }, { x }) => meanSquaredError(output, x),
});
await cpuStepper(program.loss, { batchSize: 4, optimizer: adam({ learningRate: 1e-3 }), seed: 1, threads: 1 });
const denormal = Number("5e-310");
parent.send({ flushed: denormal * 2 === 0 });
Deno.exit(0);
