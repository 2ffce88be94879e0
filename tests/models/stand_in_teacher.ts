// A teacher without weights: of each text it gives its number of tokens, how many texts its batch had, and how long the batch was.

import { graph, input } from "lib/graph/mod.ts";
import type { Teacher } from "lib/models/teacher.ts";

/** The stand-in, with the `[texts, length]` of each batch that it was given. */
export function standInTeacher({ weights = "a" }: { weights?: string } = {}): Teacher & { batches: number[][] } {
  const batches: number[][] = [];
  const x = input("x", "float32", ["n"]);
  return {
    name: "stand-in",
    width: 3,
    sha256: { "model.safetensors": weights },
    tokenizer: {
      vocabularySize: 2,
      vocabularySha256: "",
      encode(text, maxTokens) {
        const tokens = text.length + 2;
        const ids = Array(Math.min(tokens, maxTokens)).fill(1);
        return { ids, tokens, truncated: tokens > maxTokens };
      },
    },
    session: {
      graph: graph("stand-in", { x }),
      inputNames: ["ids", "mask"],
      outputNames: ["embedding"],
      run({ ids, mask }) {
        const [texts, length] = ids.shape as [number, number];
        batches.push([texts, length]);
        const data = new Float32Array(texts * 3);
        for (let row = 0; row < texts; row++) {
          const tokens = (mask.data as Float32Array).slice(row * length, (row + 1) * length).reduce((a, b) => a + b);
          data.set([tokens, texts, length], row * 3);
        }
        return Promise.resolve({ embedding: { dtype: "float32", shape: [texts, 3], data } });
      },
      bind: () => {
        throw new Error("not used");
      },
      release: () => Promise.resolve(),
    },
    release: () => Promise.resolve(),
    batches,
  };
}
