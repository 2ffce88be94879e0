// Writes an adapter that was trained here as peft and as mlx-lm have it, for make_lora_adapter.py to load in both:
//
//     deno run -A tests/golden/train/make_lora_adapter.ts && python tests/golden/train/make_lora_adapter.py

import { projectPath } from "lib/process/mod.ts";
import { ADAPTER_FORMATS, saveAdapter } from "lib/train/mod.ts";
import { trainedAdapter } from "../../train/lora/trained_adapter.ts";

const adapter = await trainedAdapter();
for (const format of ADAPTER_FORMATS) {
  await saveAdapter(projectPath("tests", "golden", "train", "lora_adapter", format), adapter, { format });
}
