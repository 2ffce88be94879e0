// A child that answers every message, printing before and after.
import { connectParent } from "lib/process/mod.ts";
const parent = connectParent();
for await (const message of parent.messages) {
  console.log("before");
  parent.send({ echo: message });
  console.log("after");
}
