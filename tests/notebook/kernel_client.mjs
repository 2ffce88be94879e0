// Runs cells in a real Jupyter kernel over ZeroMQ, as front ends do (https://jupyter-client.readthedocs.io/en/stable/messaging.html). Runs
// under Node.js, whose ZeroMQ tslab brings along. Standard input: { kernel: kernel.json's content, cwd, cells }. Standard output, last
// line: { status, outputs } for each cell. A cell that fails ends the run.

import { spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(import.meta.url);
const zmq = createRequire(require.resolve("tslab"))("zeromq");

const START_TIMEOUT_MS = 180_000;
/** Outputs may still be on their way when the reply is there, and the word that there are no more may get lost. */
const DRAIN_MS = 500;
const DELIMITER = "<IDS|MSG>";

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** The two sockets that running cells needs: requests with their replies, and what the kernel publishes. */
class Client {
  #key;
  #session = randomUUID();
  #shell = new zmq.Dealer();
  #iopub = new zmq.Subscriber();
  #replies = new Map();
  /** Called with every published message. */
  onMessage = () => {};

  constructor({ key, ip, shell_port, iopub_port }) {
    this.#key = key;
    this.#shell.connect(`tcp://${ip}:${shell_port}`);
    this.#iopub.connect(`tcp://${ip}:${iopub_port}`);
    this.#iopub.subscribe("");
    this.#listen(this.#shell, (message) => {
      this.#replies.get(message.parent.msg_id)?.(message);
      this.#replies.delete(message.parent.msg_id);
    });
    this.#listen(this.#iopub, (message) => this.onMessage(message));
  }

  async #listen(socket, receive) {
    for await (const frames of socket) {
      const parts = frames.map(String);
      const [header, parent, , content] = parts.slice(parts.indexOf(DELIMITER) + 2).map((part) => JSON.parse(part));
      receive({ header, parent, content });
    }
  }

  /** Sends a request; `reply` resolves with its reply. */
  async request(type, content) {
    const header = {
      msg_id: randomUUID(),
      session: this.#session,
      username: "test",
      msg_type: type,
      version: "5.3",
      date: new Date().toISOString(),
    };
    const body = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const signature = createHmac("sha256", this.#key).update(body.join("")).digest("hex");
    const reply = new Promise((resolve) => this.#replies.set(header.msg_id, resolve));
    await this.#shell.send([DELIMITER, signature, ...body]);
    return { id: header.msg_id, reply };
  }

  close() {
    this.#shell.close();
    this.#iopub.close();
  }
}

/** Waits until the kernel answers, and what it publishes arrives. */
async function ready(client) {
  let published = false;
  client.onMessage = () => published = true;
  const giveUp = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < giveUp) {
    const { reply } = await client.request("kernel_info_request", {});
    const answer = await Promise.race([reply, sleep(1000)]);
    if (answer) await sleep(100);
    if (answer && published) return;
  }
  throw new Error("the kernel did not start");
}

async function runCell(client, code) {
  const outputs = [];
  let ended = () => {};
  const idle = new Promise((resolve) => ended = resolve);
  let id = null;
  client.onMessage = ({ header, parent, content }) => {
    if (parent.msg_id !== id) return;
    if (header.msg_type === "stream") outputs.push({ type: content.name, text: content.text });
    if (/display_data|execute_result/.test(header.msg_type)) {
      outputs.push({ type: header.msg_type, data: content.data });
    }
    if (header.msg_type === "error") outputs.push({ type: "error", text: `${content.ename}: ${content.evalue}` });
    if (header.msg_type === "status" && content.execution_state === "idle") ended();
  };
  const sent = await client.request("execute_request", {
    code,
    silent: false,
    store_history: true,
    allow_stdin: false,
  });
  id = sent.id;
  const { content: { status } } = await sent.reply;
  await Promise.race([idle, sleep(DRAIN_MS)]);
  return { status, outputs };
}

const { kernel, cwd, cells } = JSON.parse(readFileSync(0, "utf8"));
const folder = mkdtempSync(join(tmpdir(), "kernel-client-"));
const names = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"];
const ports = await freePorts(names.length);
const connection = {
  ...Object.fromEntries(names.map((name, i) => [name, ports[i]])),
  ...{ ip: "127.0.0.1", key: randomUUID(), transport: "tcp", signature_scheme: "hmac-sha256", kernel_name: "test" },
};
const connectionFile = join(folder, "connection.json");
writeFileSync(connectionFile, JSON.stringify(connection));
const argv = kernel.argv.map((word) => word.replace("{connection_file}", connectionFile));
const child = spawn(argv[0], argv.slice(1), {
  cwd,
  env: { ...process.env, ...kernel.env },
  stdio: ["ignore", "inherit", "inherit"],
});
child.on("exit", (code, signal) => {
  console.error(`the kernel ended early (${signal ?? `code ${code}`})`);
  process.exit(1);
});
const client = new Client(connection);
const results = [];
await ready(client);
for (const code of cells) {
  results.push(await runCell(client, code));
  if (results.at(-1).status !== "ok") break;
}
child.removeAllListeners("exit");
child.kill("SIGKILL");
client.close();
rmSync(folder, { recursive: true });
console.log(`\n${JSON.stringify(results)}`);
process.exit(0);
