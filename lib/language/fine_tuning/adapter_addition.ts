// An adapter at work: beside the weights of the model that generates.

import type { ModelAddition } from "../../models/lfm2/open.ts";
import { type Adapter, adapterParameters, loraGraph, planAdapter } from "../../train/mod.ts";

/**
 * What `openLfm2` takes as `addition`, so that its model computes with an adapter. Nothing is merged: the model's weights may be in any format
 * but float16, and are shared with the model alone.
 *
 * @throws {RangeError | TypeError} when the model is opened, and is not the adapter's
 *
 * @example
 * ```ts ignore
 * import { adapterAddition } from "lib/language/mod.ts";
 * import { openLfm2 } from "lib/models/lfm2/open.ts";
 * import { readAdapter } from "lib/train/mod.ts";
 * const model = await openLfm2("models/lfm2-1.2b", { addition: adapterAddition(await readAdapter("my-adapter")) });
 * ```
 */
export function adapterAddition(adapter: Adapter): ModelAddition {
  return {
    rewrite: (graph) => loraGraph(graph, planAdapter(graph, adapter)),
    parameters: adapterParameters(adapter),
  };
}
