// A child that waits, and says so when it is asked to end.
import { connectParent } from "lib/process/mod.ts";
const parent = connectParent();
const timer = setInterval(() => {}, 1000);
parent.signal.addEventListener("abort", () => {
  clearInterval(timer);
  parent.send("last words");
});
parent.send("ready");
