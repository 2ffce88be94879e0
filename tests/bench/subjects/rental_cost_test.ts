// Prices of samples: by hand, and against the figures of the document.

import assert from "node:assert/strict";
import { breakEvenPerHour, LISTED_GPUS, pricePerMillion } from "lib/bench/subjects/rental_cost.ts";
import { claim } from "lib/claims/mod.ts";

const valueOf = (id: string) => Number(claim(id).value);

Deno.test("a million samples cost the hours that they take", () => {
  assert.equal(pricePerMillion({ pricePerHour: 3.6, samplesPerSecond: 500 }), 2);
  assert.equal(pricePerMillion({ pricePerHour: 0, samplesPerSecond: 1 }), 0);
});

Deno.test("every listed GPU has its claims, and the T4 is the cheapest of them to train on", () => {
  assert.deepEqual(LISTED_GPUS.map(({ name }) => name), ["V100", "T4", "A100"]);
  const prices = LISTED_GPUS.map(({ train, price }) =>
    pricePerMillion({ pricePerHour: valueOf(price), samplesPerSecond: valueOf(train) })
  );
  assert.ok(LISTED_GPUS.every(({ infer }) => valueOf(infer) > 0));
  // 0.35 USD for 2200 x 3600 samples.
  assert.ok(Math.abs(prices[1] - 0.35 / 7.92) < 1e-12);
  assert.equal(Math.min(...prices), prices[1]);
});

Deno.test("at the break-even price a sample costs the same on both", () => {
  const others = [{ pricePerHour: 2, samplesPerSecond: 1000 }, { pricePerHour: 9, samplesPerSecond: 3000 }];
  const pricePerHour = breakEvenPerHour(250, others);
  assert.equal(pricePerHour, 0.5);
  assert.equal(pricePerMillion({ pricePerHour, samplesPerSecond: 250 }), pricePerMillion(others[0]));
});

Deno.test("rates and prices that are none are refused", () => {
  for (const samplesPerSecond of [0, -1, NaN, Infinity]) {
    assert.throws(() => pricePerMillion({ pricePerHour: 1, samplesPerSecond }), /expected a positive rate/);
  }
  for (const pricePerHour of [-1, NaN, Infinity]) {
    assert.throws(() => pricePerMillion({ pricePerHour, samplesPerSecond: 1 }), /expected a price from 0/);
  }
  assert.throws(() => breakEvenPerHour(1, []), /at least one other machine/);
});
