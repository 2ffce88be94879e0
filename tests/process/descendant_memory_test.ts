import assert from "node:assert/strict";
import { descendantMemory, startChild } from "lib/process/mod.ts";

Deno.test("descendantMemory counts the children of this process while they live, and not itself", async () => {
  const before = await descendantMemory();
  const child = startChild({ command: "sleep", args: ["60"] });
  let during = await descendantMemory();
  while (during.each.length < before.each.length + 2) during = await descendantMemory(); // the program and its guard
  assert.ok(during.rssBytes > before.rssBytes);
  assert.ok(during.rssBytes < before.rssBytes + 64 * 2 ** 20, "a test runner takes more than that");
  if (Deno.build.os === "linux" && during.pssBytes !== null) assert.ok(during.pssBytes <= during.rssBytes);
  child.kill({ graceMs: 0 });
  await child.result;
  assert.equal((await descendantMemory()).each.length, before.each.length);
});
