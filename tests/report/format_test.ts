import assert from "node:assert/strict";
import { record } from "lib/record/mod.ts";
import { formatParameter, formatRecord, type RecordStyle, unitLabel } from "lib/report/mod.ts";

function shown(
  value: number,
  unit: string,
  { low, high, ...style }: RecordStyle & { low?: number; high?: number } = {},
) {
  const interval = low === undefined ? null : { low, high: high!, confidence: 0.95, method: "bootstrap" };
  return formatRecord(record({ id: "a", quantity: "q", value, unit, n: 1200, interval }), style).replaceAll(
    "\u00A0",
    "_",
  );
}

Deno.test("formatRecord keeps as many digits as the interval justifies", () => {
  assert.equal(shown(0.94312, "1", { low: 0.9412, high: 0.9449 }), "0.943 [0.941, 0.945]");
  assert.equal(shown(0.94312, "1", { low: 0.92, high: 0.96 }), "0.94 [0.92, 0.96]");
  assert.equal(shown(1.8234, "1", { low: 1.71, high: 1.93 }), "1.82 [1.71, 1.93]", "half-width 0.11 keeps two digits");
  assert.equal(shown(12345, "1", { low: 12045, high: 12645 }), "12,300 [12,000, 12,600]");
  assert.equal(shown(0.5, "1", { low: 0.5, high: 0.5 }), "0.500 [0.500, 0.500]", "an empty interval decides nothing");
  assert.equal(shown(0.123456789, "1", { low: 0.12345678, high: 0.1234568 }), "0.123457 [0.123457, 0.123457]");
});

Deno.test("formatRecord shows integers in full and other numbers with three digits", () => {
  assert.equal(shown(296000, "count"), "296,000");
  assert.equal(shown(268_500_000, "count"), "268,500,000");
  assert.equal(shown(999, "count"), "999");
  assert.equal(shown(1.184, "MB"), "1.18_MB");
  assert.equal(shown(1234.56, "ms"), "1,235_ms");
  assert.equal(shown(0.0123456, "ms"), "0.0123_ms");
  assert.equal(shown(0, "ms"), "0_ms");
});

Deno.test("formatRecord writes minus signs, powers of ten, percent and times", () => {
  assert.equal(shown(-1234.5, "1"), "\u22121,235");
  assert.equal(
    shown(-0.0001, "1", { low: -0.02, high: 0.02 }),
    "0.00 [\u22120.02, 0.02]",
    "no minus in front of zeros",
  );
  assert.equal(shown(0.0000321, "s"), "3.21_×_10⁻⁵_s");
  assert.equal(shown(3.2e-5, "s", { low: 3.0e-5, high: 3.4e-5 }), "3.2 [3.0, 3.4]_×_10⁻⁵_s");
  assert.equal(shown(2.5e16, "count"), "2.50_×_10¹⁶");
  assert.equal(shown(0.94312, "1", { low: 0.9412, high: 0.9449, format: "percent" }), "94.3% [94.1%, 94.5%]");
  assert.equal(shown(1.82, "x", { low: 1.5, high: 2.1 }), "1.8× [1.5×, 2.1×]");
  assert.equal(shown(12, "%"), "12%");
  assert.equal(shown(12, "us"), "12_µs");
});

Deno.test("formatRecord follows digits and format", () => {
  assert.equal(shown(0.94312, "1", { low: 0.9412, high: 0.9449, digits: 2 }), "0.94 [0.94, 0.94]");
  assert.equal(shown(296123, "count", { digits: 2 }), "300,000");
  assert.equal(shown(0.94312, "1", { low: 0.9412, high: 0.9449, format: "value" }), "0.943");
  assert.equal(shown(0.94312, "1", { low: 0.9412, high: 0.9449, format: "full" }), "0.943 [0.941, 0.945] (n_=_1,200)");
  assert.throws(() => shown(1, "ms", { format: "percent" }), /expected unit "1", got "ms"/);
});

Deno.test("formatRecord names missing values, yes and no, and text", () => {
  const base = { id: "a", quantity: "q", unit: "MB" };
  assert.equal(formatRecord(record({ ...base, value: null, note: "no such device" })), "not measured");
  assert.equal(formatRecord(record({ ...base, unit: "", value: true })), "yes");
  assert.equal(formatRecord(record({ ...base, unit: "", value: "adam" })), "adam");
});

Deno.test("formatParameter separates thousands from five digits on", () => {
  assert.equal(formatParameter(8192), "8192");
  assert.equal(formatParameter(20000), "20,000");
  assert.equal(formatParameter(-12), "\u221212");
  assert.equal(formatParameter(0.001), "0.001");
  assert.equal(formatParameter(1e-7), "1\u00A0×\u00A010⁻⁷");
  assert.equal(formatParameter(true), "yes");
  assert.equal(formatParameter("adam"), "adam");
});

Deno.test("unitLabel hides counts and ratios", () => {
  assert.deepEqual(["count", "1", "", "x", "ms"].map(unitLabel), ["", "", "", "×", "ms"]);
});
