// A child with grandchildren: one in its group, one that leaves group and session, one whose own parent has ended.
import { spawn } from "node:child_process";
import { connectParent } from "lib/process/mod.ts";
const parent = connectParent();
const seconds = Deno.args[0];
const inGroup = spawn("sleep", [seconds], { stdio: "ignore" });
const detached = spawn("sleep", [seconds], { stdio: "ignore", detached: true });
const orphaned = spawn("sh", ["-c", `sleep ${seconds} & echo $!`], { stdio: ["ignore", "pipe", "ignore"] });
orphaned.stdout.once("data", (text) => parent.send([inGroup.pid, detached.pid, Number(String(text))]));
if (Deno.args[1] === "exit") setTimeout(() => Deno.exit(0), 500); // time for one sample
