// Builds data/wordnet-lemmas: tables from WordNet by lib/data, vectors by sentence-transformers.
//
//     PEER_PYTHON=python3 deno run -A data/build_wordnet_lemmas.ts
//
// PEER_PYTHON names a Python with the packages that data/build_wordnet_20k.py asks for.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lemmaTexts, readSafetensors, toFloat32, writeLemmaDataset } from "../lib/data/mod.ts";
import { projectPath, startChild } from "../lib/process/mod.ts";

const lemmas = await lemmaTexts();
const scratch = await mkdtemp(join(tmpdir(), "wordnet-lemmas-"));
try {
  const [textFile, vectorFile] = [join(scratch, "lemmas.txt"), join(scratch, "vectors.safetensors")];
  await writeFile(textFile, lemmas.texts.join("\n") + "\n");
  const { exitCode, stderrTail } = await startChild({
    command: Deno.env.get("PEER_PYTHON") ?? "python3",
    args: [projectPath("data", "embed_lemmas.py"), textFile, vectorFile],
    deadlineMs: 600_000,
  }).result;
  if (exitCode !== 0) throw new Error(`Cannot embed the lemmas: ${stderrTail}`);
  const { tensors, metadata } = await readSafetensors(vectorFile);
  await writeLemmaDataset(projectPath("data", "wordnet-lemmas"), lemmas, {
    data: toFloat32(tensors.embedding),
    width: tensors.embedding.shape[1],
    model: JSON.parse(metadata.model),
    versions: JSON.parse(metadata.versions),
  });
} finally {
  await rm(scratch, { recursive: true });
}
const { vocabulary } = lemmas;
console.log(
  `${lemmas.texts.length} lemmas, ${vocabulary.pairs.length} pairs, ${vocabulary.glosses.length} synsets of glosses`,
);
