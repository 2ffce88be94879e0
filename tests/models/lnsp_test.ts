import assert from "node:assert/strict";
import { parameterCount } from "../../lib/graph/mod.ts";
import { lnspParameterCount, lnspStudent, projectedSquareWidths, squareWidths } from "../../lib/models/lnsp.ts";
import { linearAutoencoder, linearAutoencoderParameterCount, pcaModel } from "../../lib/models/linear_autoencoder.ts";

const WIDTHS = [256, 320, 384, 512, 768, 1024, 2048, 3072, 4096, 5120, 6144, 8192];

Deno.test("bottleneck students have 1154 S + 576 parameters", () => {
  for (const studentDim of WIDTHS) {
    const expected = 1154 * studentDim + 576;
    assert.equal(parameterCount(lnspStudent({ studentDim }).trace()), expected);
    assert.equal(lnspParameterCount({ studentDim }), expected);
  }
});

Deno.test("square students have 3 D^2 + 3.5 D parameters", () => {
  for (const studentDim of WIDTHS) {
    const widths = squareWidths(studentDim);
    const expected = 3 * studentDim ** 2 + 3.5 * studentDim;
    assert.equal(parameterCount(lnspStudent(widths).trace()), expected);
    assert.equal(lnspParameterCount(widths), expected);
  }
});

Deno.test("projected square students read the teacher's width and have a latent of D/2", () => {
  const { inputs, outputs, parameters } = lnspStudent(projectedSquareWidths(512)).trace();
  assert.deepEqual(inputs.x.shape, ["batch", 384]);
  assert.deepEqual(outputs.latent.shape, ["batch", 256]);
  assert.deepEqual(outputs.output.shape, ["batch", 384]);
  assert.equal(parameterCount({ parameters }), lnspParameterCount(projectedSquareWidths(512)));
});

Deno.test("students take their width from the data", () => {
  assert.deepEqual(lnspStudent({ studentDim: 8, inputDim: 100, latentDim: 3 }).trace().outputs.output.shape, [
    "batch",
    100,
  ]);
});

Deno.test("students refuse widths that no layer can have", () => {
  assert.throws(() => lnspStudent({ studentDim: 0 }), /expected studentDim to be an integer of at least 1, got 0/);
  assert.throws(() => lnspStudent({ studentDim: 257.5 }), /expected studentDim .* got 257.5/);
  assert.throws(() => lnspStudent({ studentDim: 256, latentDim: -1 }), /expected latentDim .* got -1/);
  assert.throws(() => squareWidths(255), /expected an even studentDim, got 255/);
});

Deno.test("linear models have the parameters of their formula", () => {
  assert.equal(
    parameterCount(linearAutoencoder({ latentDim: 192 }).trace()),
    linearAutoencoderParameterCount({ latentDim: 192 }),
  );
  const pca = pcaModel({ latentDim: 192 }).trace();
  assert.equal(parameterCount(pca), 384 * 192 + 384);
  assert.ok(pca.parameters.every(({ source }) => !source.trainable));
});
