import assert from "node:assert/strict";
import { dequantizeInt8, fitInt8, quantizeInt8 } from "lib/evaluate/mod.ts";
import { golden, goldenTrain, goldenVectors, vectorsOf } from "./golden.ts";

Deno.test("int8 codes and values agree with numpy", () => {
  for (const scheme of ["perDimension", "perVector"] as const) {
    const quantizer = fitInt8(goldenTrain, { scheme });
    const quantized = quantizeInt8(quantizer, goldenVectors);
    assert.deepEqual([...quantized.codes], golden.int8[scheme].codes, scheme);
    assert.equal(quantized.clippedFraction, golden.int8[scheme].clippedFraction, scheme);
    assert.deepEqual([...dequantizeInt8(quantizer, quantized).data], golden.int8[scheme].values, scheme);
  }
});

Deno.test("int8 counts bytes and keeps every value within half a step unless clipped", () => {
  for (const [scheme, bytes] of [["perDimension", 7], ["perVector", 11]] as const) {
    const quantizer = fitInt8(goldenVectors, { scheme });
    const quantized = quantizeInt8(quantizer, goldenVectors);
    assert.equal(quantized.bytesPerVector, bytes);
    assert.equal(quantized.clippedFraction, 0);
    dequantizeInt8(quantizer, quantized).data.forEach((value, i) => {
      const scale = quantized.scales[scheme === "perDimension" ? i % golden.width : Math.floor(i / golden.width)];
      assert.ok(Math.abs(value - goldenVectors.data[i]) <= scale * 0.500001, `${scheme} ${i}`);
    });
  }
});

Deno.test("int8 rounds ties to even, clips beyond the training range and passes zeros", () => {
  const quantizer = fitInt8(vectorsOf([127, 0, -127, 0], 2), { scheme: "perDimension" });
  const quantized = quantizeInt8(quantizer, vectorsOf([0.5, 0, 1.5, 0, -0.5, 0, -2.5, 0, 1000, 3], 2));
  assert.deepEqual([...quantized.codes], [0, 0, 2, 0, 0, 0, -2, 0, 127, 0]);
  assert.equal(quantized.clippedFraction, 2 / 10); // 1000, and 3 where training saw only zeros
  const zeros = vectorsOf([0, 0], 2);
  const perVector = fitInt8(zeros, { scheme: "perVector" });
  assert.deepEqual(dequantizeInt8(perVector, quantizeInt8(perVector, zeros)).data, Float32Array.of(0, 0));
});

Deno.test("int8 refuses other widths and values that are not finite", () => {
  const quantizer = fitInt8(goldenTrain, { scheme: "perVector" });
  assert.throws(() => quantizeInt8(quantizer, vectorsOf([1, 2], 2)), /expected \[n, 7\], got \[1, 2\]/);
  assert.throws(() => fitInt8(vectorsOf([1, NaN], 2), { scheme: "perVector" }), /got NaN in row 0/);
});
