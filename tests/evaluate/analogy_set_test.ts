import assert from "node:assert/strict";
import { analogiesFromPairs, analogySet, type WordPair } from "lib/evaluate/mod.ts";

const vocabulary = ["man", "king", "woman", "queen", "monarch"];
const gender = { category: "gender", a: "man", b: "king", c: "woman", d: "queen" };

Deno.test("analogySet finds words or takes rows, and drops answers that are inputs or unknown", () => {
  const { questions } = analogySet([
    { ...gender, d: ["queen", "monarch", "king", "empress"] },
    { category: "gender", a: 0, b: 1, c: 2, d: 3 },
  ], vocabulary);
  assert.deepEqual(questions[0], { category: "gender", a: 0, b: 1, c: 2, d: 3, accepted: [3, 4] });
  assert.deepEqual(questions[1].accepted, [3]);
});

Deno.test("analogySet names a word outside the vocabulary, or counts it when asked to", () => {
  const unknown = { ...gender, c: "duchess" };
  assert.throws(
    () => analogySet([gender, unknown], vocabulary),
    new RangeError(
      'Cannot ask "man : king :: duchess : queen": expected words of the vocabulary (5), got "duchess"',
    ),
  );
  for (const row of [5, -1, 1.5, NaN]) {
    assert.throws(() => analogySet([{ ...gender, a: row }], vocabulary), new RegExp(`got "${row}"`));
  }
  const set = analogySet([unknown, gender, { ...gender, d: "empress" }], vocabulary, { missing: "leaveOut" });
  assert.equal(set.questions.length, 1);
  assert.deepEqual(set.leftOut, [{ index: 0, word: "duchess" }, { index: 2, word: "empress" }]);
  assert.throws(
    () => analogySet([unknown], vocabulary, { missing: "leaveOut" }),
    /expected at least one case, got none of 1/,
  );
});

Deno.test("analogySet refuses what is no question", () => {
  assert.throws(() => analogySet([], vocabulary), /expected at least one case, got none of 0/);
  assert.throws(() => analogySet([{ ...gender, d: "king" }], vocabulary), /expected four different words/);
  assert.throws(() => analogySet([{ ...gender, d: [] }], vocabulary), /expected at least one right answer, got none/);
  assert.throws(() => analogySet([gender], [...vocabulary, "king"]), /expected distinct words, got 1 words twice/);
});

Deno.test("analogySet numbers questions by what they ask for, category by category", () => {
  const set = analogySet([
    gender,
    { ...gender, category: "other" },
    { ...gender, a: "monarch" },
    { category: "gender", a: "woman", b: "queen", c: "man", d: "king" },
  ], vocabulary);
  assert.deepEqual([...set.askedPair], [0, 1, 0, 2]);
});

const pair = (category: string, source: string, target: string, group?: string): WordPair => (
  { category, source, target, group }
);

Deno.test("analogiesFromPairs keeps to category and group, and never gives the answer away", () => {
  const pairs = [
    ...["a", "b", "c", "d", "e"].map((name) => pair("part", name, `whole of ${name}`, "noun")),
    pair("part", "a", "shared", "noun"),
    pair("part", "b", "shared", "noun"),
    pair("part", "walk", "walking", "verb"),
    pair("part", "run", "running", "verb"),
    pair("antonym", "cold", "hot"),
    pair("antonym", "dark", "light"),
    pair("antonym", "big", "small"),
    pair("antonym", "cold", "warm"),
  ];
  const questions = analogiesFromPairs(pairs, { seed: 1, perPair: 4 });
  const partners = (word: unknown) => pairs.filter(({ source }) => source === word).map(({ target }) => target);
  for (const { category, a, b, c, d } of questions) {
    const before = pairs.find((p) => p.category === category && p.source === a && p.target === b)!;
    const asked = pairs.find((p) => p.category === category && p.source === c && p.target === (d as string[])[0])!;
    assert.equal(before.group, asked.group);
    assert.equal(new Set([a, b, c, ...d as string[]]).size, 3 + (d as string[]).length);
    assert.deepEqual(new Set(d as string[]), new Set(partners(c)));
  }
  const asked = (word: string) => questions.filter(({ c }) => c === word).length;
  // a has two pairs, each asked after the four pairs that share nothing with it but for those through "shared"
  assert.equal(asked("a"), 2 * 4);
  assert.equal(asked("walk"), 1);
  assert.equal(asked("cold"), 2 * 2);
});

Deno.test("analogiesFromPairs asks as often as told, the same way for the same seed", () => {
  const pairs = Array.from({ length: 30 }, (_, i) => pair("x", `s${i}`, `t${i}`));
  for (const perPair of [1, 3]) {
    const questions = analogiesFromPairs(pairs, { seed: 7, perPair });
    assert.equal(questions.length, 30 * perPair);
    assert.equal(new Set(questions.map(({ a, c }) => `${a} ${c}`)).size, questions.length);
    assert.deepEqual(analogiesFromPairs(pairs, { seed: 7, perPair }), questions);
    assert.notDeepEqual(analogiesFromPairs(pairs, { seed: 8, perPair }), questions);
  }
  const cities = [...pairs, ...Array.from({ length: 40 }, (_, i) => pair("x", `c${i}`, "city"))];
  const targets = analogiesFromPairs(cities, { seed: 7, pairsPerTarget: 5, perPair: 1 }).map(({ d }) =>
    (d as string[])[0]
  );
  assert.equal(targets.filter((target) => target === "city").length, 5);
});

Deno.test("a symmetric relation holds in both directions", () => {
  const pairs = [pair("antonym", "cold", "hot"), pair("antonym", "hot", "icy"), pair("antonym", "big", "small")];
  const answers = (symmetric: string[]) =>
    analogiesFromPairs(pairs, { seed: 1, symmetric }).find(({ c }) => c === "hot")!.d;
  assert.deepEqual(answers([]), ["icy"]);
  assert.deepEqual(answers(["antonym"]), ["icy", "cold"]);
});

Deno.test("analogiesFromPairs refuses counts that are none", () => {
  assert.throws(
    () => analogiesFromPairs([], { seed: 1, perPair: 0 }),
    /expected perPair to be an integer from 1, got 0/,
  );
  assert.throws(() => analogiesFromPairs([], { seed: 1, pairsPerTarget: 1.5 }), /expected pairsPerTarget .* got 1.5/);
});
