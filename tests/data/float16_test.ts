import assert from "node:assert/strict";
import { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from "lib/data/mod.ts";
import { random } from "lib/statistics/mod.ts";

// Deno has Float16Array; the library does without because Node 20 and 22 do not.
const ALL_PATTERNS = Uint16Array.from({ length: 65536 }, (_, pattern) => pattern);

Deno.test("float16ToFloat32 agrees with Float16Array on all 65,536 patterns", () => {
  const expected = new Float16Array(ALL_PATTERNS.buffer);
  const values = float16ToFloat32(ALL_PATTERNS);
  // Element by element: NaNs compare by their bits in deepEqual.
  for (let i = 0; i < expected.length; i++) assert.ok(Object.is(values[i], expected[i]), `${values[i]} ${expected[i]}`);
});

Deno.test("float32ToFloat16 returns every half unchanged", () => {
  const values = float16ToFloat32(ALL_PATTERNS);
  const bits = float32ToFloat16(values);
  for (let i = 0; i < bits.length; i++) assert.equal(bits[i], Number.isNaN(values[i]) ? 0x7e00 : i);
});

Deno.test("float32ToFloat16 rounds to nearest even as Float16Array does", () => {
  const stream = random(3, "float16 test");
  const values = new Float32Array(200_000);
  // Magnitudes from below the smallest subnormal half to beyond the largest half.
  for (let i = 0; i < values.length; i++) values[i] = stream.uniform(-1, 1) * 2 ** stream.uniform(-28, 18);
  // Every midpoint between two neighbouring positive halves, and its float32 neighbours.
  const midpoints: number[] = [65519.99609375, 65520, -65520];
  const halves = float16ToFloat32(ALL_PATTERNS.subarray(0, 0x7c00));
  for (let i = 0; i + 1 < halves.length; i++) {
    const middle = (halves[i] + halves[i + 1]) / 2;
    midpoints.push(middle, -middle, middle * (1 + 2 ** -23), middle * (1 - 2 ** -23));
  }
  for (const array of [values, Float32Array.from(midpoints)]) {
    assert.deepEqual(float32ToFloat16(array), new Uint16Array(Float16Array.from(array).buffer));
  }
});

Deno.test("bfloat16ToFloat32 is the upper half of a float32", () => {
  assert.deepEqual(bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc040, 0x8000)), Float32Array.of(1, -3, -0));
});
