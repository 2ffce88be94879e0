import assert from "node:assert/strict";
import process from "node:process";
import { mallocBytes } from "lib/runtime/mod.ts";

Deno.test({
  name: "mallocBytes grows by the buffers that are kept",
  ignore: process.platform !== "linux",
  fn: () => {
    const before = mallocBytes();
    assert.ok(before !== null && before > 0);
    const kept = Array.from({ length: 100 }, () => new Uint8Array(20_480).fill(1));
    const growth = mallocBytes()! - before;
    const bytes = kept.reduce((sum, { length }) => sum + length, 0);
    assert.ok(growth >= bytes && growth < 1.1 * bytes, `${growth} for ${bytes}`);
  },
});
