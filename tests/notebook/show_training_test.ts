import assert from "node:assert/strict";
import { curveOf, type ShownIteration, showTraining } from "lib/notebook/mod.ts";
import { lossCurves } from "lib/report/mod.ts";

async function* training(count: number, each: () => void = () => {}): AsyncGenerator<ShownIteration> {
  for (let i = 1; i <= count; i++) {
    each();
    const validationLoss = i % 4 === 0 ? 2 / i : null;
    yield await Promise.resolve({ iteration: i, loss: 1 / i, validationLoss, seconds: 0.1, tokens: 70 });
  }
}

Deno.test("showTraining shows the curve twice a second and in the end, and returns the iterations", async () => {
  let now = 0;
  const shown: { points: number; line: string; isLast: boolean }[] = [];
  const iterations = await showTraining(training(20, () => now += 100), {
    name: "adapter",
    iterations: 20,
    nowMs: () => now,
    show: ({ data }, line, isLast) => void shown.push({ points: (data[0].x as number[]).length, line, isLast }),
  });
  assert.deepEqual(iterations.map(({ iteration }) => iteration), Array.from({ length: 20 }, (_, i) => i + 1));
  assert.deepEqual(shown.map(({ points }) => points), [1, 6, 11, 16, 20]);
  assert.deepEqual(shown.map(({ isLast }) => isLast), [false, false, false, false, true]);
  assert.equal(shown[1].line, "adapter 6/20 · loss 0.167 · validation 0.500 · 10.0 iterations/s · 700 tokens/s");
});

Deno.test("showTraining shows what came before an error", async () => {
  const lines: string[] = [];
  async function* broken() {
    yield* training(3);
    throw new Error("diverged");
  }
  await assert.rejects(showTraining(broken(), { show: (_, line) => void lines.push(line) }), /diverged/);
  assert.match(lines.at(-1)!, /^training 3 · /);
});

Deno.test("showTraining updates one display in a kernel", async () => {
  const sent: { type: string; id: string; data: Record<string, unknown> }[] = [];
  const holder = Deno as unknown as { jupyter?: unknown };
  holder.jupyter = {
    broadcast(type: string, { data, transient }: { data: Record<string, unknown>; transient: { display_id: string } }) {
      sent.push({ type, id: transient.display_id, data });
      return Promise.resolve();
    },
  };
  try {
    await showTraining(training(3));
  } finally {
    holder.jupyter = undefined;
  }
  assert.deepEqual(sent.map(({ type }) => type), ["display_data", "update_display_data"]);
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
  assert.deepEqual(Object.keys(sent[0].data), ["application/vnd.plotly.v1+json", "text/plain"]);
});

Deno.test("lossCurves draws every loss pale, its running mean, and validations where they were", () => {
  const iterations = Array.from({ length: 40 }, (_, i): ShownIteration => ({
    iteration: i + 1,
    loss: i % 2 === 0 ? 1 : 3,
    validationLoss: i === 19 ? 1.5 : null,
    seconds: 1,
    tokens: 1,
  }));
  const { data } = lossCurves({ curves: [curveOf("one", iterations)] });
  const [each, mean, validation] = data as { x: number[]; y: number[] }[];
  assert.deepEqual(each.y.slice(0, 4), [1, 3, 1, 3]);
  // Means over two.
  assert.deepEqual(mean.y.slice(0, 4), [1, 2, 2, 2]);
  assert.deepEqual([validation.x, validation.y], [[20], [1.5]]);
  const many = curveOf("many", Array.from({ length: 1000 }, (_, i) => ({ ...iterations[i % 40], iteration: i + 1 })));
  const thinned = lossCurves({ curves: [many] }).data[0] as { x: number[]; y: number[] };
  assert.ok(thinned.x.length <= 300 && thinned.x.at(-1) === 1000);
  assert.ok(Math.abs(thinned.y.reduce((a, b) => a + b, 0) / thinned.y.length - 2) < 0.1);
});

Deno.test("lossCurves refuses curves without losses, of unlike lengths, and losses that are not finite", () => {
  assert.throws(() => lossCurves({ curves: [] }), /expected at least one loss/);
  const curve = { name: "a", iterations: [1], losses: [1, 2], validation: [] };
  assert.throws(() => lossCurves({ curves: [curve] }), /curves\[0\]\.losses: expected 1 values/);
  assert.throws(() => lossCurves({ curves: [{ ...curve, losses: [NaN] }] }), /expected a finite number, got NaN/);
});
