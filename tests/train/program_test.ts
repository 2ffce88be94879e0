import assert from "node:assert/strict";
import { reduceMean, type Tensor } from "lib/graph/mod.ts";
import { linear, meanSquaredError, model, rowCosine, tensor } from "lib/nn/mod.ts";
import { deserializeProgram, type Loss, serializeProgram, traceProgram } from "lib/train/mod.ts";
import { smallProgram } from "./fixtures.ts";

const x = tensor("float32", ["batch", 4]);
const twoHeads = model("two-heads", { inputs: { x } }, (scope, { x }) => ({
  output: linear(scope.child("used"), x, 4),
  other: linear(scope.child("unused"), x, 4),
}));
const mse: Loss = ({ output }, { x }) => meanSquaredError(output, x);
const justOne = model("one", { inputs: { x } }, (scope, { x }) => ({ output: linear(scope, x, 4) }));

Deno.test("traceProgram gives forward, loss and metrics over one batch", () => {
  const { forward, loss, metrics } = smallProgram();
  assert.deepEqual(Object.keys(forward.outputs), ["latent", "output"]);
  assert.deepEqual(Object.keys(loss.outputs), ["loss"]);
  assert.deepEqual(Object.keys(metrics.outputs), ["loss", "cosine"]);
  assert.deepEqual(loss.inputs.x.shape, ["batch", 6]);
});

Deno.test("serializeProgram and deserializeProgram keep the program, through JSON", () => {
  const serialized = serializeProgram(smallProgram());
  const back = deserializeProgram(JSON.parse(JSON.stringify(serialized)));
  assert.deepEqual(serializeProgram(back), serialized);
});

Deno.test("traceProgram takes targets beside the inputs", () => {
  const { loss } = traceProgram({
    model: justOne,
    targets: { y: x },
    loss: ({ output }, { y }) => meanSquaredError(output, y),
  });
  assert.deepEqual(Object.keys(loss.inputs).sort(), ["x", "y"]);
  assert.throws(
    () => traceProgram({ model: justOne, targets: { x }, loss: mse }),
    /Cannot trace one: "x" is both an input and a target/,
  );
});

Deno.test("traceProgram refuses a loss that is no scalar and metrics that are neither scalar nor one a row", () => {
  assert.throws(
    () => traceProgram({ model: justOne, loss: ({ output }, { x }) => rowCosine(output, x) }),
    /expected the loss of one to be a floating scalar, got float32 \[batch\]/,
  );
  const metrics = (name: string, build: (output: Tensor) => Tensor) => () =>
    traceProgram({ model: justOne, loss: mse, metrics: ({ output }) => ({ [name]: build(output) }) });
  assert.throws(metrics("m", (output) => output), /expected metric m to be a scalar or \[batch\], got \[batch,4\]/);
  assert.throws(metrics("m", (output) => reduceMean(output, { axes: [0] })), /expected metric m .* got \[4\]/);
  assert.throws(metrics("loss", (output) => reduceMean(output)), /a metric cannot be called "loss"/);
});

Deno.test("traceProgram refuses a model whose loss does not reach all of its parameters", () => {
  assert.throws(
    () => traceProgram({ model: twoHeads, loss: mse }),
    /Cannot train two-heads: its loss does not depend on unused\.weight, unused\.bias/,
  );
});
