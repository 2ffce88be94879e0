// A Redis server for a test: on a free port, with its data in a folder of its own. Tests that need one are ignored where redis-server
// is not installed, unless LATENT_LAB_REQUIRE_ALL is 1.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { stepsBesideEachOther, UNCHECKED } from "tests/steps.ts";

const SERVER = "redis-server";
const isInstalled = spawnSync(SERVER, ["--version"]).status === 0;

/** A running server. */
export class RedisServer {
  readonly folder = mkdtempSync(join(tmpdir(), "queue-test-"));
  port = 0;
  #process: ChildProcess | null = null;
  #settings: readonly string[];

  constructor(settings: readonly string[] = []) {
    this.#settings = settings;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again on the same port with what it had written. */
  async start(): Promise<void> {
    this.port ||= await freePort();
    const args = ["--port", String(this.port), "--dir", this.folder, "--bind", "127.0.0.1", "--save", ""];
    const stored = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"];
    const child = spawn(SERVER, [...args, ...stored, ...this.#settings], { stdio: ["ignore", "pipe", "ignore"] });
    this.#process = child;
    let log = "";
    await new Promise<void>((resolve, reject) => {
      child.stdout!.on("data", (chunk) => {
        log += chunk;
        if (/Ready to accept connections/.test(log)) resolve();
      });
      child.once("exit", () => reject(new Error(`redis-server did not start: ${log}`)));
    });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    child.stdout?.destroy();
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** What a test does with a Redis server of its own. */
type RedisCase = (server: RedisServer) => Promise<void>;

/** A test with a Redis server of its own. */
export function redisTest(
  name: string,
  fn: RedisCase,
  { settings = [] }: { settings?: readonly string[] } = {},
): void {
  withRedis(name, () => onServer(fn, settings));
}

/** Cases by their names, each with a server of its own, which mostly wait for locks to run out. */
export function redisTests(name: string, cases: Readonly<Record<string, RedisCase>>): void {
  const started = Object.entries(cases).map(([name, fn]) => [name, () => onServer(fn)] as const);
  withRedis(name, (test) => stepsBesideEachOther(test, Object.fromEntries(started), { atOnce: 4 }));
}

function withRedis(name: string, fn: (test: Deno.TestContext) => Promise<void>): void {
  const ignore = !isInstalled && process.env.LATENT_LAB_REQUIRE_ALL !== "1";
  Deno.test({
    name: ignore ? `${name} (ignored: redis-server is not installed)` : name,
    ignore,
    ...UNCHECKED, // also since ioredis keeps a timer for a moment after a connection has ended
    fn: async (test) => {
      assert.ok(isInstalled, "LATENT_LAB_REQUIRE_ALL is 1, but redis-server is not installed");
      await fn(test);
    },
  });
}

async function onServer(use: RedisCase, settings: readonly string[] = []): Promise<void> {
  const server = new RedisServer(settings);
  try {
    await server.start();
    await use(server);
  } finally {
    await server.end();
  }
}
