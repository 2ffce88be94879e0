// A trial's process that takes more and more memory, and says so.
import { connectParent, ownMemory } from "lib/process/mod.ts";

const parent = connectParent();
const held: Uint8Array[] = [];
for await (const _ of parent.messages) {
  parent.send({ type: "ready", baselineRssBytes: ownMemory().rssBytes });
  while (held.length < 40) {
    held.push(new Uint8Array(64 * 2 ** 20).fill(held.length));
    parent.send({ type: "pulse", rssBytes: ownMemory().rssBytes });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
