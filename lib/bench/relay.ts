// Run as a child: starts a program that speaks JSON lines on its standard streams, and passes messages on between it and the parent.
// So a program in another language can be talked to, and ends with this process's tree.

import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { connectParent } from "../process/mod.ts";

/** The message of a line; null for what a library printed beside the messages. */
function messageOf(line: string): unknown {
  try {
    return line.startsWith("{") ? JSON.parse(line) : null;
  } catch {
    return null;
  }
}

async function relay([command, ...args]: string[]): Promise<void> {
  const parent = connectParent();
  const program = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  program.once("error", (error) => {
    console.error(`Cannot start ${command}: ${error.message}`);
    process.exit(1);
  });
  program.once("exit", (code, signal) => {
    if (signal) console.error(`${command} was ended by ${signal}`);
    process.exit(code ?? 1);
  });
  program.stdin.on("error", () => {}); // it has ended: "exit" tells
  createInterface({ input: program.stdout }).on("line", (line) => {
    const message = messageOf(line);
    if (message === null) console.error(line);
    else parent.send(message);
  });
  for await (const message of parent.messages) program.stdin.write(`${JSON.stringify(message)}\n`);
  program.stdin.end();
}

relay(process.argv.slice(2));
