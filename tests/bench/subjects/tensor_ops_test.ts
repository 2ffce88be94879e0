// Subjects of notebook 03: what they compute, what they count, and that each passes the gate before timing.

import assert from "node:assert/strict";
import { bench, type BenchSubject } from "lib/bench/mod.ts";
import { CHIP_LIMITS } from "lib/bench/subjects/chip_limits.ts";
import { costRatio } from "lib/bench/subjects/cost_ratio.ts";
import {
  blockBytes,
  blockWeights,
  cacheBytesPerToken,
  decoderBlock,
  DECODERS,
  decoderWeights,
} from "lib/bench/subjects/decoder_block.ts";
import { sessionLife } from "lib/bench/subjects/session_life.ts";
import {
  attentionFlops,
  ELEMENTWISE,
  elementwise,
  FORMATS,
  matrixProduct,
  normalization,
  plainAttention,
  storedProduct,
} from "lib/bench/subjects/tensor_ops.ts";
import { trainingStep } from "lib/bench/subjects/training_step.ts";
import { explain } from "lib/graph/mod.ts";

Deno.test("work of the operations follows from their shapes", () => {
  assert.equal(matrixProduct({ m: 2048 }).flops, 2 * 2048 ** 3);
  assert.equal(matrixProduct({ m: 2, k: 3, n: 5 }).bytes, 4 * (6 + 15 + 10));
  assert.equal(explain(matrixProduct({ m: 12, k: 5, n: 7 }).subject.graph).flops, 2 * 12 * 5 * 7);
  assert.deepEqual(ELEMENTWISE.map((kind) => elementwise(kind, 8).bytes), [768, 768, 512, 512]);
  // The document's figure: 2,151 GFLOPS in 11.98 ms.
  const flops = attentionFlops({ batch: 32, length: 512, width: 768, heads: 12 });
  assert.ok(Math.abs(flops / 11.98e6 - 2151.07) < 0.01);
});

Deno.test("widths of LLaMA give its numbers of parameters", () => {
  // 6.74, 13.02 and 32.53 billion by the released checkpoints, whose norms are left out here.
  const billions = Object.values(DECODERS).map((widths) => decoderWeights(widths) / 1e9);
  [6.738, 13.015, 32.528].forEach((expected, i) =>
    assert.ok(Math.abs(billions[i] - expected) < 0.002, `${billions[i]}`)
  );
  assert.equal(cacheBytesPerToken(DECODERS["7B"]), 2 * 32 * 4096 * 2);
  assert.equal(blockBytes(DECODERS["7B"], 4), blockWeights(DECODERS["7B"]) * 5 / 8);
});

Deno.test("a decoder block stores what blockBytes says", () => {
  const widths = { width: 64, hidden: 96, heads: 2 };
  for (const bits of [4, 8] as const) {
    const { weights } = decoderBlock(widths, { bits, past: 4 });
    const bytes = Object.values(weights!).reduce((sum, { data }) => sum + data.byteLength, 0);
    assert.equal(bytes, blockBytes(widths, bits));
  }
  assert.throws(() => decoderBlock({ width: 60, hidden: 96, heads: 2 }, { bits: 4, past: 4 }), /multiples of 32/);
});

const stored = FORMATS.flatMap((format) => storedProduct({ m: 4, k: 64, n: 96 }, format)?.subject ?? []);
const subjects: BenchSubject[] = [
  matrixProduct({ m: 24 }, "transposed").subject,
  elementwise("softmax", 24, "transposed").subject,
  plainAttention({ batch: 2, length: 8, width: 16, heads: 4 }).subject,
  normalization([2, 8, 16]).subject,
  ...stored,
  decoderBlock({ width: 64, hidden: 96, heads: 2 }, { bits: 4, past: 8 }),
  decoderBlock({ width: 64, hidden: 96, heads: 2 }, { bits: 8, past: 8 }),
  ...(["created", "bound", "copied", "view", "held", "freed"] as const).map((kind) =>
    sessionLife({ kind, side: 32, arrays: 2, arrayBytes: 1e6 })
  ),
  trainingStep({ studentDim: 16, batchSize: 8 }),
];

for (const subject of subjects) {
  Deno.test(`${subject.name} passes the gate and is measured`, async () => {
    const limits = { minMs: 1, minCount: 3 };
    const { outcome, correctness, reasons } = await bench({ subject, provider: { name: "cpu" }, limits, warmUpMs: 1 });
    assert.equal(outcome, "measured", reasons.join());
    assert.ok(correctness!.relativeError <= correctness!.bound && correctness!.elements > 0);
  });
}

Deno.test("bf16 has no subject, the other formats have one", () => {
  assert.equal(stored.length, FORMATS.length - 1);
  assert.equal(storedProduct({ m: 1, k: 32, n: 32 }, "bf16"), null);
});

Deno.test("memory that is held shows, memory that was freed does not", async () => {
  const growth = async (kind: "held" | "freed") => {
    const subject = sessionLife({ kind, side: 32, arrays: 4, arrayBytes: 50e6 });
    const limits = { minMs: 1, minCount: 3 };
    return (await bench({ subject, provider: { name: "cpu" }, limits, warmUpMs: 1 })).runs[0].loadBytes;
  };
  assert.ok(await growth("held") > 190e6);
  assert.ok(await growth("freed") < 50e6);
});

Deno.test("a cost ratio is that of time for equal work, with an interval around it", () => {
  const cost = (blockMediansMs: number[], work: number) => ({ record: { runs: [{ blockMediansMs }] as never }, work });
  const { value, interval } = costRatio(cost([4, 4.2, 3.8], 4), [cost([1, 1.1, 0.9], 2), cost([2, 2.1, 1.9], 1)]);
  assert.ok(Math.abs(value - 1) < 1e-12); // 1 over the geometric mean of 0.5 and 2
  assert.ok(interval!.low < 1 && interval!.high > 1);
  assert.throws(() => costRatio(cost([1], 1), []), /at least one other/);
  assert.throws(() => costRatio(cost([1], 1), [{ record: { runs: [] }, work: 1 }]), /records with runs/);
});

Deno.test("published peaks are cores times lanes times two times clock", () => {
  const pro = CHIP_LIMITS.find(({ name }) => name === "M4 Pro")!;
  assert.equal(Math.round(pro.peakGflops), 8079);
  for (const { name, source, clockSource } of CHIP_LIMITS) {
    assert.match(source, /^[\w.]+\.(net|de|business)\/.*2\d{3}-\d\d/, name);
    assert.match(clockSource, /^unverified: /, name);
  }
  const largest = CHIP_LIMITS.filter(({ isLargest }) => isLargest).map(({ name }) => name);
  assert.deepEqual(largest, ["M4", "M4 Pro", "M4 Max", "M3 Max"]);
});
