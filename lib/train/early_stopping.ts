// When to stop: how long the validation loss has not fallen.

import type { EpochSummary } from "./checkpoint.ts";

/**
 * Epochs since the validation loss last fell by more than `minDelta` below where it stood when it last did. A loss that falls slowly
 * but steadily thus counts as soon as it has fallen by that much.
 */
export function epochsWithoutGain(history: readonly EpochSummary[], minDelta: number): number {
  let level = Infinity;
  let waited = 0;
  for (const { validation: { loss } } of history) {
    const gained = loss < level - minDelta;
    waited = gained ? 0 : waited + 1;
    if (gained) level = loss;
  }
  return waited;
}
