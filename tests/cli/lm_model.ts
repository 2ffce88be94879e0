// A small LFM2 model with a tokenizer, as a folder.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { GOLDEN_LFM2 } from "tests/models/lfm2/golden.ts";
import { writeModelFolder } from "tests/models/lfm2/rule_weights.ts";

/** Makes the folder for `use`; its model never ends a text, and `changes` replaces parts of its configuration. */
export async function withLmFolder(
  use: (folder: string) => Promise<void>,
  { changes = {}, shards = 1 }: { changes?: Readonly<Record<string, unknown>>; shards?: number } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-lm-"));
  try {
    cpSync(projectPath("tests", "golden", "data", "language_tokenizer"), folder, { recursive: true });
    await writeModelFolder(
      folder,
      { ...GOLDEN_LFM2.hub.config, vocab_size: 480, eos_token_id: null, ...changes },
      { shards },
    );
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
