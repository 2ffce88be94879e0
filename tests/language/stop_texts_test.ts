import assert from "node:assert/strict";
import { StopTexts } from "lib/language/mod.ts";

function shown(stops: string[], pieces: string[]): { parts: string[]; found: string | null } {
  const texts = new StopTexts(stops);
  return { parts: [...pieces.map((piece) => texts.push(piece)), texts.end()], found: texts.found };
}

Deno.test("StopTexts ends at a stop text, within a piece and across pieces", () => {
  assert.deepEqual(shown(["END"], ["a END b"]), { parts: ["a ", ""], found: "END" });
  assert.deepEqual(shown(["END"], ["a E", "N", "D b", "c"]), { parts: ["a ", "", "", "", ""], found: "END" });
});

Deno.test("StopTexts holds back only what may become a stop text, and gives it when it does not", () => {
  assert.deepEqual(shown(["\n\nUser:"], ["one\n", "\nUs", "ing it", "\n"]), {
    parts: ["one", "", "\n\nUsing it", "", "\n"],
    found: null,
  });
  // "aab" begins again inside of itself.
  assert.deepEqual(shown(["aab"], ["a", "a", "a", "b"]), { parts: ["", "", "a", "", ""], found: "aab" });
});

Deno.test("StopTexts takes the earliest of several", () => {
  assert.deepEqual(shown(["later", "now"], ["it is now or later"]), { parts: ["it is ", ""], found: "now" });
  assert.deepEqual(shown([], ["all of it"]), { parts: ["all of it", ""], found: null });
});

Deno.test("StopTexts refuses an empty text", () => {
  assert.throws(() => new StopTexts(["a", ""]), /expected stop texts of at least one character, got an empty one/);
});

Deno.test("StopTexts gives the same for every way in which a text is cut", () => {
  const text = "abcabdabcabe, abcabcabe!";
  for (const stops of [["abcabe"], ["abe!", "cabc"], ["zz"]]) {
    const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
    const expected = text.slice(0, ends.length > 0 ? Math.min(...ends) : text.length);
    for (let size = 1; size <= text.length; size++) {
      const pieces = Array.from(
        { length: Math.ceil(text.length / size) },
        (_, i) => text.slice(i * size, (i + 1) * size),
      );
      assert.equal(shown(stops, pieces).parts.join(""), expected, `${stops} in pieces of ${size}`);
    }
  }
});
