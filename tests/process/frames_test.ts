import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { random } from "lib/statistics/mod.ts";
import { frame, FrameSplitter, LineSplitter } from "lib/process/frames.ts";
import { decodeMessage, encodeMessage } from "lib/process/message_codec.ts";

/** What a splitter finds when `bytes` arrive in pieces of the given sizes, neighbouring text joined. */
function split(bytes: Buffer, sizes: () => number): string[] {
  const found: string[] = [];
  const splitter = new FrameSplitter("n0nce", {
    onFrame: (json) => found.push(`F:${json}`),
    onText: (text) => {
      const last = found.at(-1);
      if (last?.startsWith("T:")) found[found.length - 1] = last + text.toString("latin1");
      else found.push(`T:${text.toString("latin1")}`);
    },
  });
  for (let i = 0; i < bytes.length;) {
    const size = sizes();
    splitter.push(bytes.subarray(i, i + size));
    i += size;
  }
  splitter.end();
  return found;
}

const STREAM = Buffer.from(
  `abc${frame("n0nce", "1")}\x1e\x1en0nc${frame("n0nce", '{"a":"\\n"}')}${frame("n0nce", "2")}tail\x1en0`,
);
const EXPECTED = ["T:abc", "F:1", "T:\x1e\x1en0nc", 'F:{"a":"\\n"}', "F:2", "T:tail\x1en0"];

Deno.test("FrameSplitter finds the same frames and text wherever the stream is cut", () => {
  for (let size = 1; size <= STREAM.length; size++) assert.deepEqual(split(STREAM, () => size), EXPECTED, `${size}`);
  const sizes = random(1, "frames");
  for (let i = 0; i < 200; i++) assert.deepEqual(split(STREAM, () => 1 + sizes.integer(9)), EXPECTED);
});

Deno.test("FrameSplitter gives an unfinished frame out as text", () => {
  assert.deepEqual(split(Buffer.from("x\x1en0nce {"), () => 3), ["T:x\x1en0nce {"]);
});

Deno.test("FrameSplitter leaves frames of another nonce alone", () => {
  assert.deepEqual(split(Buffer.from(frame("other", "1")), () => 4), ["T:\x1eother 1\n"]);
});

Deno.test("LineSplitter joins lines over pieces and keeps letters of several bytes whole", () => {
  for (let size = 1; size < 12; size++) {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    const bytes = Buffer.from("äö\n\n€uro\nrest");
    for (let i = 0; i < bytes.length; i += size) splitter.push(bytes.subarray(i, i + size));
    assert.deepEqual(lines, ["äö", "", "€uro"]);
  }
});

Deno.test("encodeMessage and decodeMessage keep JSON, all numbers and typed arrays", () => {
  const message = {
    numbers: [0, -0, 1.5, NaN, Infinity, -Infinity, 2 ** 53],
    text: "\n\x1e ünïcode \ud800",
    nothing: null,
    nested: [{ a: new Float32Array([1, NaN]), b: new Uint8Array([1, 2, 3]).subarray(1), c: new BigInt64Array([-1n]) }],
    ["__proto__x"]: true,
  };
  const line = encodeMessage(message);
  assert.equal(line.includes("\n"), false);
  assert.deepEqual(decodeMessage(line), message);
  assert.deepEqual(decodeMessage(encodeMessage(new Float16Array([1, 2]))), new Float16Array([1, 2]));
  assert.deepEqual(decodeMessage(encodeMessage({ a: undefined, b: 1 })), { b: 1 });
});

Deno.test("encodeMessage refuses what would not arrive, with its path", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const refused: [unknown, RegExp][] = [
    [undefined, /message .*got undefined/],
    [{ a: [() => 1] }, /message\.a\[0\].*got function/],
    [{ a: 1n }, /message\.a.*got bigint/],
    [{ a: new Map() }, /message\.a.*got Map/],
    [{ a: new Error("x") }, /message\.a.*got Error/],
    [{ $number: "NaN" }, /message\.\$number.*reserved/],
    [[undefined], /message\[0\].*got undefined/],
    [cycle, /message\[0\].*a cycle/],
    [new DataView(new ArrayBuffer(1)), /got DataView/],
  ];
  for (const [value, message] of refused) assert.throws(() => encodeMessage(value), { name: "TypeError", message });
});
