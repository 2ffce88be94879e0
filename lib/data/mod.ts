// lib/data: data that can be trusted, and the files that hold it.
// Datasets of float32 columns with provenance, every file checked against its SHA-256; references that another process
// resolves to the same bytes; safetensors files, read and written atomically (checkpoints use them too); seeded batches
// that do not depend on earlier epochs. Series in time (series/): CSV files checked line by line, cut into windows whose parts follow each
// other in time; a loader with threads that work ahead (loader/). Texts for language models (texts/) come
// with the same care. Random datasets exist for measuring cost and say so.
// The data itself is in data/ at the top of the project, with the scripts that rebuild it.

export { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./float16.ts";
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
export { loadSeries, type Series, type SeriesFile, type SeriesOptions, type SeriesSource } from "./series/series.ts";
export { handlingSentence, type MissingDays, type SeriesReport } from "./series/observations.ts";
export { type Provenance, provenanceFile } from "./series/provenance.ts";
export { dateOf, dayOf, type SeriesCalendar } from "./series/calendar.ts";
export { parseSeriesManifest, type SeriesManifest } from "./series/series_manifest.ts";
export { readSeriesRows, type SeriesRows } from "./series/read_rows.ts";
export { type Segment, type Segments, type TimeSplit } from "./series/time_split.ts";
export type { Normalization, NormalizationKind } from "./series/normalization.ts";
export {
  inUnits,
  type SeriesWindows,
  targetValues,
  type WindowOptions,
  windowsBySource,
  windowsOf,
} from "./series/windows.ts";
export { BYTE_TOKENS, byteTokenizerFiles, writeByteTokenizer } from "./byte_tokenizer.ts";
export { loadTexts, loadTextsOf, type TextCorpus } from "./texts/load_texts.ts";
export { parseTextsManifest, type TextsManifest } from "./texts/texts_manifest.ts";
export { type LoadedBatch, type LoaderOptions, type WindowLoader, windowLoader } from "./loader/loader.ts";
