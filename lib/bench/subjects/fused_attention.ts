// Attention as the one fused operator that ONNX Runtime has for it, beside `plainAttention`.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeOperatorModel } from "../../graph/mod.ts";
import type { FileSubject } from "../harness/subject.ts";
import type { AttentionShape } from "./tensor_ops.ts";

/**
 * Gives `com.microsoft.MultiHeadAttention` as a file subject, which is removed afterwards. Inputs and result are those of
 * `plainAttention`.
 */
export async function withFusedAttention<T>(
  { batch, length, width, heads }: AttentionShape,
  use: (subject: FileSubject) => Promise<T>,
): Promise<T> {
  const shape = [batch, length, width];
  const bytes = encodeOperatorModel({
    type: "MultiHeadAttention",
    domain: "com.microsoft",
    attributes: { num_heads: heads },
    inputs: { query: shape, key: shape, value: shape },
    outputs: { y: shape },
  });
  const folder = await mkdtemp(join(tmpdir(), "latent-lab-attention-"));
  try {
    const file = join(folder, "attention.onnx");
    await writeFile(file, bytes);
    return await use({ name: `attention ${batch}x${length}x${width}, fused`, file });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
