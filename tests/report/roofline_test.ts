import assert from "node:assert/strict";
import { roofline } from "lib/report/mod.ts";

const roof = { name: "here", bandwidthGbPerSecond: 20, peakGflops: 100, group: "cpu" };
const points = [
  { label: "sum", group: "cpu", intensity: 0.1, gflops: 1.5 },
  { label: "product", group: "cpu", intensity: 100, gflops: 90 },
  { label: "product", group: "peer", intensity: 100, gflops: 80 },
];

Deno.test("a roof rises with bandwidth to its ridge and is level beyond", () => {
  const [line] = roofline({ roofs: [roof], points }).data as { x: number[]; y: number[] }[];
  assert.equal(line.x.length, 3);
  assert.ok(Math.abs(line.y[0] - 20 * line.x[0]) < 1e-9);
  assert.equal(line.x[1], 5); // 100 GFLOP/s over 20 GB/s
  assert.deepEqual(line.y.slice(1), [100, 100]);
});

Deno.test("measured roofs have their group's colour and a solid line, published ones are dashed", () => {
  const published = { ...roof, name: "published", group: null };
  const [measured, dashed, own] = roofline({ roofs: [roof, published], points }).data as {
    line: { color: string; dash?: string };
    marker: { color: string };
  }[];
  assert.equal(measured.line.dash, undefined);
  assert.equal(measured.line.color, own.marker.color);
  assert.ok(dashed.line.dash);
  assert.notEqual(dashed.line.color, measured.line.color);
});

Deno.test("what cannot be drawn is refused", () => {
  assert.throws(() => roofline({ roofs: [], points }), /at least one roof/);
  assert.throws(() => roofline({ roofs: [roof], points: [{ ...points[0], gflops: 0 }] }), /gflops\[0\]/);
});
