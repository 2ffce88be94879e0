import assert from "node:assert/strict";
import { formatDuration, progress } from "../../lib/notebook/mod.ts";
import { progressLine } from "../../lib/notebook/progress.ts";

Deno.test("progressLine tells items, label, epoch, speed and time left", () => {
  const state = {
    unit: "students",
    total: 4,
    done: 1,
    label: "S=512",
    epoch: 5,
    epochs: 10,
    samplesPerSecond: 48_120.4,
  };
  // (1 + 5 / 10) / 4 of the work took 60 s, so 100 s are left.
  assert.equal(progressLine(state, 60_000), "students 1/4 · S=512 · epoch 5/10 · 48,120 samples/s · 1 min 40 s left");
  assert.equal(progressLine({ unit: "students", total: 4, done: 0 }, 60_000), "students 0/4");
  assert.equal(
    progressLine({ unit: "students", total: 4, done: 1, fraction: 0.75 }, 30_000),
    "students 1/4 · 10 s left",
  );
  assert.equal(progressLine({ unit: "students", total: 4, done: 4 }, 30_000), "students 4/4");
});

Deno.test("progress shows milestones always and other changes at most five times a second", () => {
  const lines: string[] = [];
  let now = 0;
  const bar = progress("students", 2, {
    nowMs: () => now,
    show: (line, milestone) => lines.push(`${milestone ? "!" : ""}${line}`),
  });
  for (now = 0; now < 1000; now += 50) bar.update({ epoch: now / 50 });
  assert.equal(lines.length, 5);
  bar.itemDone();
  bar.itemDone();
  now = 61_000;
  bar.finish();
  assert.deepEqual(lines.slice(5), ["!students 1/2", "!students 2/2", "!students 2/2 in 1 min 1 s"]);
});

Deno.test("progress refuses a total that is no positive whole number", () => {
  for (const total of [0, -1, 1.5, NaN]) assert.throws(() => progress("students", total), RangeError);
});

Deno.test("formatDuration uses the two largest units", () => {
  assert.deepEqual([900, 9960, 59_600, 61_000, 3_660_000].map(formatDuration), [
    "0.9 s",
    "10 s",
    "1 min 0 s",
    "1 min 1 s",
    "1 h 1 min",
  ]);
});
