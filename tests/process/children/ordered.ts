// A child that mixes printing and messages, with unfinished lines and letters of several bytes.
import { connectParent } from "lib/process/mod.ts";
const parent = connectParent();
const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
for (let i = 0; i < 200; i++) {
  print(`ä${i}`);
  parent.send(i);
  console.log(" \x1e");
}
