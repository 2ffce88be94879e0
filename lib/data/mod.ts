// lib/data: vectors that can be trusted, and the files that hold them.
// Datasets of float32 columns with provenance, every file checked against its SHA-256; references that another process
// resolves to the same bytes; safetensors files, read and written atomically (checkpoints use them too); seeded batches
// that do not depend on earlier epochs. Random datasets exist for measuring cost and say so.
// The datasets themselves are in data/ at the top of the project, with the scripts that rebuild them.

export { bfloat16ToFloat32, float16ToFloat32, float32ToFloat16 } from "./float16.ts";
export type { SafetensorsArrays, SafetensorsDtype, SafetensorsTensor } from "./safetensors_header.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type SafetensorsFile,
  type TensorToWrite,
  toFloat32,
  writeSafetensors,
} from "./safetensors.ts";
export {
  type HeaderOfFile,
  openSafetensors,
  readSafetensorsHeader,
  type SafetensorsFolder,
  type StoredTensor,
} from "./safetensors_folder.ts";
export type { TensorLayout } from "./safetensors_layout.ts";
export { type WritePart, writeSafetensorsInParts } from "./safetensors_writer.ts";
export { type DatasetManifest, parseManifest, type SplitName } from "./manifest.ts";
export { type Column, columnOf, type Dataset, datasetHashHere, loadDataset } from "./dataset.ts";
export { type DataReference, dataReference, resolveReference } from "./reference.ts";
export { randomDataset } from "./random_dataset.ts";
export { batches, type BatchOptions, gatherRows } from "./batches.ts";
export { type ColumnDescription, describeColumns } from "./describe.ts";
export { type EncodedText, parseTokenizer, type TextTokenizer } from "./tokenizer.ts";
export { type ChatMessage, type ChatOptions, type ChatTemplate, compileChatTemplate } from "./chat_template.ts";
export {
  type LanguageTokenizer,
  openLanguageTokenizer,
  parseLanguageTokenizer,
  type TokenizerFiles,
} from "./language_tokenizer.ts";
export { type PartOfSpeech, readWordNet, type Sense, type Synset, type WordNet } from "./wordnet/database.ts";
export { type RelationPair, relationPairs, type WordNetRelation } from "./wordnet/relations.ts";
export { chooseLemmas, type GlossLemmas, type Lemma, type LemmaVocabulary } from "./wordnet/lemma_vocabulary.ts";
export { type AnalogyCases, parseAnalogyCases } from "./wordnet/analogy_cases.ts";
export { type LemmaTexts, lemmaTexts, type LemmaVectors, writeLemmaDataset } from "./wordnet/lemma_files.ts";
export { loadWordNetLemmas, type WordNetLemmas } from "./wordnet/wordnet_lemmas.ts";
export {
  type DatasetToWrite,
  type ManifestFacts,
  textTable,
  type VectorsToWrite,
  writeDataset,
} from "./dataset_files.ts";
export { type Corpus, type CorpusName, wordnetCorpus } from "./wordnet/corpora.ts";
export { type Definition, definitionOf, definitionsOf, hashOrder, sameTextKey } from "./wordnet/definitions.ts";
export { importDataset, type ImportOptions, type ImportResult } from "./import.ts";
export { decodeNpy } from "./npy.ts";
