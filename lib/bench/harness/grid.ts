// One subject with several providers at several batch sizes: each configuration in processes of its own, and whatever one of them
// does, the others are measured.

import { benchPrepared, withSubject } from "./bench.ts";
import type { BenchSettings } from "./bench_settings.ts";
import type { ProviderConfig } from "./provider.ts";
import type { BenchRecord } from "./record.ts";
import type { BenchSubject } from "./subject.ts";

/** What is measured. */
export interface GridOptions extends Omit<BenchSettings, "batchSize"> {
  subject: BenchSubject;
  providers: readonly ProviderConfig[];
  batchSizes: readonly number[];
  /** Called with each record when it is there. */
  onRecord?: (record: BenchRecord) => void | Promise<void>;
}

/**
 * Measures all combinations, batch by batch.
 *
 * @returns a record each, also of what is absent, unsupported, wrong or failed
 * @throws as `bench` does
 */
export async function benchGrid(
  { subject, providers, batchSizes, onRecord, ...settings }: GridOptions,
): Promise<BenchRecord[]> {
  if (providers.length === 0 || batchSizes.length === 0) {
    throw new RangeError("Cannot benchmark: expected at least one provider and one batch");
  }
  const records: BenchRecord[] = [];
  for (const batchSize of batchSizes) {
    await withSubject(subject, batchSize, async (prepared, reference) => {
      for (const provider of providers) {
        const record = await benchPrepared(prepared, { ...settings, provider, reference });
        records.push(record);
        await onRecord?.(record);
      }
    }, settings.signal);
  }
  return records;
}
