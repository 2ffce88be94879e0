// deno task data kjv-1mb: verses of the King James Bible out of Debian's package bible-kjv-text.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { hashOrder, parseTextsManifest, sameTextKey, type TextsManifest, textTable } from "../../data/mod.ts";
import { sha256Hex, writeFileAtomic } from "../../process/mod.ts";
import { CommandError } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { isDebianPackage, packageVersion, unpackDebianPackage, unpackedFile } from "./debian_package.ts";
import { unpackRetrievalText } from "./retrieval_text.ts";

/** How the verses are taken. */
export interface KjvOptions {
  /** `bible-kjv-text_VERSION_all.deb`: `apt-get download bible-kjv-text`. */
  deb: string;
  /** Compares with what is in the folder and writes nothing. */
  check: boolean;
  terminal: Terminal;
  /** Day of the download, YYYY-MM-DD. */
  today?: string;
}

/** Books by their abbreviations in the file: a narrative, verse, a prophet, a gospel and a history, none of which retells another. */
const BOOKS = ["Ge", "Psa", "Isa", "Mat", "Acts"];
const SEED = 1611;
/** Of the chapters, for validation and for testing each. */
const HELD_OUT_SHARE = 0.1;
const FILE = "verses.tsv";
const COLUMNS = ["verse", "split", "text"];
const PACKAGE = "bible-kjv-text";
const TEXT_FILE = "bible.data";

interface Verse {
  book: string;
  chapter: string;
  reference: string;
  text: string;
}

/** Builds or checks data/kjv-1mb in `folder`. */
export async function buildKjv(folder: string, { deb, check, terminal, today = now() }: KjvOptions): Promise<void> {
  if (!existsSync(deb)) throw new CommandError(`Cannot read the Debian package: expected a file, got none at ${deb}`);
  const bytes = readFileSync(deb);
  if (!isDebianPackage(bytes)) {
    throw new CommandError(`Cannot read ${deb}: expected a Debian package, got another file`);
  }
  const packed = await textOf(bytes);
  const { verses, repeated } = chosenVerses(versesOf(unpackRetrievalText(packed)));
  const splits = splitsOf(verses);
  const table = textTable(COLUMNS, verses.map(({ reference, text }, i) => [reference, splits[i], text]));
  if (check) return compare(join(folder, FILE), table, { deb, terminal });
  const manifest = manifestOf({
    table,
    splits,
    repeated,
    version: packageVersion(basename(deb), PACKAGE),
    sha256: { [basename(deb)]: sha256Hex(bytes), [TEXT_FILE]: sha256Hex(packed) },
    today,
  });
  mkdirSync(folder, { recursive: true });
  await writeFileAtomic(join(folder, FILE), table);
  await writeFileAtomic(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const { train, validation, test } = manifest.splits;
  terminal.line(
    `Written to ${folder}: ${manifest.rows} verses (train ${train}, validation ${validation}, test ${test}), ` +
      `${table.byteLength} bytes; loadTexts("kjv-1mb") reads it`,
  );
}

const now = () => new Date().toISOString().slice(0, 10);

async function textOf(packageBytes: Uint8Array): Promise<Uint8Array> {
  const temporary = mkdtempSync(join(tmpdir(), "latent-lab-kjv-"));
  try {
    return unpackedFile(temporary, await unpackDebianPackage(packageBytes, temporary), `/${TEXT_FILE}`);
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** A line is `Ge1:1 In the beginning ...`; the first one describes the file. */
function versesOf(bytes: Uint8Array): Verse[] {
  const lines = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trimEnd().split("\n").slice(1);
  return lines.map((line, i) => {
    const [, book, chapter, verse, text] = /^(\d?[A-Za-z]+)(\d+):(\d+) (\S.*)$/.exec(line.trimEnd()) ?? [];
    if (text === undefined || text.includes("\t")) {
      throw new CommandError(
        `Cannot read line ${i + 2} of ${TEXT_FILE}: expected BOOK1:1 TEXT, got ${line.slice(0, 60)}`,
      );
    }
    return { book, chapter: `${book}${chapter}`, reference: `${book}${chapter}:${verse}`, text };
  });
}

/** Verses of the chosen books, in their order, without those that repeat an earlier one: they could stand in two splits. */
function chosenVerses(all: readonly Verse[]): { verses: Verse[]; repeated: number } {
  const missing = BOOKS.filter((book) => !all.some((verse) => verse.book === book));
  if (missing.length > 0) {
    const books = [...new Set(all.map(({ book }) => book))].join(", ");
    throw new CommandError(`Cannot choose verses: expected the books ${missing.join(", ")}, got ${books}`);
  }
  const seen = new Set<string>();
  const chosen = all.filter(({ book }) => BOOKS.includes(book));
  const verses = chosen.filter(({ text }) => {
    const key = sameTextKey(text);
    return !seen.has(key) && seen.add(key);
  });
  return { verses, repeated: chosen.length - verses.length };
}

/** By chapter: neighbours are alike, and must not stand on both sides. */
function splitsOf(verses: readonly Verse[]): ("train" | "validation" | "test")[] {
  const chapters = hashOrder([...new Set(verses.map(({ chapter }) => chapter))], SEED, (chapter) => chapter);
  const heldOut = Math.round(HELD_OUT_SHARE * chapters.length);
  const test = new Set(chapters.slice(0, heldOut));
  const validation = new Set(chapters.slice(heldOut, 2 * heldOut));
  return verses.map(({ chapter }) => test.has(chapter) ? "test" : validation.has(chapter) ? "validation" : "train");
}

function compare(path: string, table: Uint8Array, { deb, terminal }: { deb: string; terminal: Terminal }): void {
  if (!existsSync(path) || !readFileSync(path).equals(table)) {
    throw new CommandError(`Cannot confirm ${path}: it does not hold the verses of ${basename(deb)}`);
  }
  terminal.line(`${path} holds the verses of ${basename(deb)}`);
}

interface ManifestParts {
  table: Uint8Array;
  splits: readonly string[];
  repeated: number;
  version: string;
  sha256: Record<string, string>;
  today: string;
}

function manifestOf({ table, splits, repeated, version, sha256, today }: ManifestParts): TextsManifest {
  const count = (name: string) => splits.filter((split) => split === name).length;
  return parseTextsManifest({
    schemaVersion: 1,
    kind: "texts",
    name: "kjv-1mb",
    title: "The King James Bible: Genesis, Psalms, Isaiah, Matthew and Acts, a verse a row",
    origin: [{
      name: "The King James Version of the Bible",
      version: "1611; which printing the package follows it does not say",
      obtainedFrom: `Debian package ${PACKAGE}, ${TEXT_FILE}`,
      licence: "copyright expired; in the United Kingdom printing is under letters patent of the Crown",
    }, {
      name: `bible-kjv, Chip Chapin's Bible Retrieval System as packaged by Debian`,
      version,
      obtainedFrom: `Debian, pool/main/b/bible-kjv/${PACKAGE}_${version}_all.deb`,
      licence: "the package's debian/copyright, quoted in licence.notice",
      url: "https://packages.debian.org/source/stable/bible-kjv",
      retrieved: today,
      sha256,
    }],
    licence: { name: "public domain (copyright expired)", notice: NOTICE },
    file: FILE,
    columns: COLUMNS,
    rows: splits.length,
    splits: { train: count("train"), validation: count("validation"), test: count("test") },
    files: { [FILE]: { bytes: table.byteLength, sha256: sha256Hex(table) } },
    build: {
      command: `apt-get download ${PACKAGE}; deno task data kjv-1mb --deb ${PACKAGE}_VERSION_all.deb`,
      seed: SEED,
      dropped: { duplicateText: repeated },
    },
  }, "data/kjv-1mb/manifest.json");
}

const NOTICE =
  "The copyright for the King James Version text of the Bible is expired since the translation was done in 1611 under King James the first of Great Britain.";
