import assert from "node:assert/strict";
import { StatisticsClock } from "lib/language/generation_statistics.ts";

Deno.test("StatisticsClock tells the time of the prompt from that of the tokens after it", async () => {
  let now = 1000;
  const clock = new StatisticsClock({ spentMs: 50, nowMs: () => now });
  const work = (ms: number) =>
    clock.timed(() => {
      now += ms;
      return Promise.resolve();
    });
  await work(450);
  clock.first();
  now += 9000; // what is done with the text does not count
  await work(100);
  now += 9000;
  await work(300);
  const { peakRssBytes, ...rest } = clock.statistics(80, [3, 3]);
  assert.deepEqual(rest, {
    promptTokens: 80,
    generatedTokens: 6,
    timeToFirstTokenMs: 500,
    generationMs: 400,
    promptTokensPerSecond: 160,
    generationTokensPerSecond: 10,
  });
  assert.ok(peakRssBytes > 1e6);
  assert.equal(clock.statistics(80, [1, 1]).generationTokensPerSecond, null);
});
