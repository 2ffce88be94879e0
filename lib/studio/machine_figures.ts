// The figures of a report with what each machine has of them: images that lie beside its results, and the records behind them.

import { type ReportDocument, reportOutline } from "../report/mod.ts";
import type { MachineFigure } from "./client/machine_figures.mjs";
import type { MachineRow } from "./client/machine_rows.mjs";

/** What is known of a report's figures. */
export interface FiguresContent {
  /** Of the report that is here; null when that cannot be read. */
  document: ReportDocument | null;
  /** The records of all machines. */
  rows: readonly MachineRow[];
  /** For each machine the addresses of its images, by figure. */
  images: readonly ReadonlyMap<string, string>[];
}

/** Every figure that one of the machines has: those of the report that is here first, in its order. */
export function figuresOfMachines({ document, rows, images }: FiguresContent): MachineFigure[] {
  const places = new Map(rows.map(({ id }, i) => [id, i]));
  const imagesOf = (id: string) => images.map((of) => of.get(id) ?? null);
  const outline = new Map(document === null ? [] : reportOutline(document).map((entry) => [entry.anchor, entry]));
  const own = (document?.blocks ?? []).flatMap((block) => {
    if (block.kind !== "figure") return [];
    const { label, text: caption } = outline.get(`figure-${block.id}`)!;
    const records = block.records.flatMap((id) => places.get(id) ?? []);
    return [{ id: block.id, label, caption, records, images: imagesOf(block.id) }];
  });
  const known = new Set(own.map(({ id }) => id));
  const others = [...new Set(images.flatMap((of) => [...of.keys()]))].filter((id) => !known.has(id)).sort();
  return [...own, ...others.map((id) => ({ id, label: "", caption: "", records: [], images: imagesOf(id) }))];
}
