// The connection to Redis (or Valkey): made with a clear sentence about what is wrong, checked for what a queue needs, and kept: when
// Redis goes away, commands wait until it is back, and what is lost and found again is told.

import type { Redis } from "ioredis";
import { sleep } from "../../process/mod.ts";
import { parseQueueAddress, type QueueAddress } from "./address.ts";

/** A connection that is kept. */
export interface QueueConnection {
  redis: Redis;
  /** The address as messages show it. */
  label: string;
  /** Milliseconds since 1970 by the clock of Redis, which all that use the queue share. */
  nowMs(): Promise<number>;
  /** Whether Redis answers at the moment. */
  readonly up: boolean;
  close(): void;
}

/** What is told while a queue is used: a sentence at a time. */
export type Notify = (sentence: string) => void;

const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_MS = 500;
const REMIND_MS = 30_000;
const OLDEST_REDIS = [6, 2];
const START_ADVICE = "start one by: redis-server --appendonly yes --maxmemory-policy noeviction";

/**
 * Connects to Redis.
 *
 * @throws {RangeError} when the address is none
 * @throws {Error} saying what is there instead of a Redis that can be used, and what to do
 */
export async function connectQueue(url: string, notify: Notify): Promise<QueueConnection> {
  const address = parseQueueAddress(url);
  await probe(address, notify);
  const { Redis } = await import("ioredis");
  const connection = new KeptConnection(new Redis(keptOptions(address)), address.label, notify);
  await connection.ready;
  return connection;
}

function baseOptions({ host, port, username, password, db, tls }: QueueAddress) {
  return {
    host,
    port,
    db,
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(tls && { tls: {} }),
    connectTimeout: CONNECT_TIMEOUT_MS,
  };
}

function keptOptions(address: QueueAddress) {
  return { ...baseOptions(address), maxRetriesPerRequest: null, retryStrategy: () => RETRY_MS };
}

/** Tries the address once, and looks whether what answers can hold a queue. */
async function probe(address: QueueAddress, notify: Notify): Promise<void> {
  const { Redis } = await import("ioredis");
  const redis = new Redis({
    ...baseOptions(address),
    lazyConnect: true,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    commandTimeout: CONNECT_TIMEOUT_MS,
  });
  let first: Error | null = null;
  redis.on("error", (error: Error) => first ??= error);
  try {
    await redis.connect();
    await waitUntilLoaded(redis);
    if (address.db > 0) await redis.select(address.db); // what connecting did went on with database 0 when it failed
    checkServer(await redis.info(), { label: address.label, notify });
  } catch (error) {
    throw connectionError(address, first ?? error as Error);
  } finally {
    redis.disconnect();
  }
}

/** A Redis that has just been started reads its data first. */
async function waitUntilLoaded(redis: Redis): Promise<void> {
  const endMs = performance.now() + 60_000;
  for (;;) {
    try {
      await redis.ping();
      return;
    } catch (error) {
      if (!/LOADING/.test((error as Error).message) || performance.now() > endMs) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Refuses a server that is too old, and warns of settings with which trials could be lost. */
export function checkServer(info: string, { label, notify }: { label: string; notify: Notify }): void {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
  const version = field("redis_version");
  const [major, minor] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_REDIS;
  if (!(major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))) {
    throw new UnusableServer(`expected Redis ${OLDEST_REDIS.join(".")} or newer (or Valkey), got ${version || "none"}`);
  }
  if (field("role") === "slave") {
    throw new UnusableServer("expected a primary server, got a replica, which takes no writes");
  }
  if (field("redis_mode") === "cluster") throw new UnusableServer("expected a single server, got a cluster");
  const policy = field("maxmemory_policy");
  if (policy !== "" && policy !== "noeviction") {
    notify(
      `Warning: ${label} may drop trials when its memory is full (maxmemory-policy ${policy}); ` +
        "set it by: redis-cli config set maxmemory-policy noeviction",
    );
  }
  if (field("aof_enabled") === "0") {
    notify(
      `Warning: ${label} forgets the latest changes when it is stopped hard, and trials are then run again; ` +
        "set it by: redis-cli config set appendonly yes",
    );
  }
}

class UnusableServer extends Error {}

/** What a failure to connect means, as a sentence with what to do. */
export function connectionError({ host, label, password }: QueueAddress, cause: Error): Error {
  const text = `${(cause as NodeJS.ErrnoException).code ?? ""} ${cause.message}`;
  const reasons: [RegExp, string][] = [
    [/ECONNREFUSED/, `nothing listens there; ${START_ADVICE}`],
    [/ENOTFOUND|EAI_AGAIN/, `there is no host "${host}"; check its name and the network`],
    [/ETIMEDOUT|timed out|EHOSTUNREACH|ENETUNREACH/i, "it does not answer; check the host, the port and firewalls"],
    [/WRONGPASS|invalid password|invalid username/, "it refuses the password; check the one in the address"],
    [/NOAUTH/, "it asks for a password; give it in the address: redis://:PASSWORD@HOST"],
    [/DENIED/, "it takes no connections from other machines (protected mode); give it a password: requirepass"],
    [/DB index/, "it has no database of that number; leave it out of the address"],
    [/NOPERM/, "its user may not use the commands that a queue needs; give it all of them"],
    [/Protocol error|RESP type/, "something else than Redis answers there; check the port"],
  ];
  const known = cause instanceof UnusableServer ? cause.message : reasons.find(([pattern]) => pattern.test(text))?.[1];
  const closed = /closed|ECONNRESET|EPIPE/i.test(text)
    ? "it ends the connection; check that it is Redis, and rediss:// where it wants TLS"
    : null;
  const reason = known ?? closed ?? withoutPassword(cause.message, password);
  return new Error(`Cannot use the queue at ${label}: ${reason}`, { cause });
}

function withoutPassword(text: string, password: string | null): string {
  return password === null ? text : text.replaceAll(password, "***");
}

class KeptConnection implements QueueConnection {
  readonly redis: Redis;
  readonly label: string;
  readonly ready: Promise<void>;
  #notify: Notify;
  #lostAtMs: number | null = null;
  #reminder: ReturnType<typeof setInterval> | undefined;
  #lastError = "";
  #closed = false;

  constructor(redis: Redis, label: string, notify: Notify) {
    this.redis = redis;
    this.label = label;
    this.#notify = notify;
    redis.on("error", (error: Error) => this.#lastError = error.message);
    redis.on("close", () => this.#lost());
    redis.on("ready", () => this.#found());
    this.ready = new Promise((resolve) => redis.once("ready", () => resolve()));
  }

  get up(): boolean {
    return this.redis.status === "ready";
  }

  readonly nowMs = async (): Promise<number> => {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  };

  close(): void {
    this.#closed = true;
    clearInterval(this.#reminder);
    this.redis.disconnect();
  }

  #lost(): void {
    if (this.#closed || this.#lostAtMs !== null) return;
    this.#lostAtMs = performance.now();
    this.#notify(`Lost the queue at ${this.label}; trying again until it is back, nothing is lost`);
    this.#reminder = setInterval(() => {
      const reason = this.#lastError === "" ? "" : ` (${this.#lastError})`;
      this.#notify(`The queue at ${this.label} has been away for ${this.#awaySeconds()} s${reason}; still trying`);
    }, REMIND_MS);
  }

  #found(): void {
    if (this.#lostAtMs === null) return;
    clearInterval(this.#reminder);
    this.#notify(`The queue at ${this.label} is back after ${this.#awaySeconds()} s`);
    this.#lostAtMs = null;
  }

  #awaySeconds(): string {
    return ((performance.now() - (this.#lostAtMs ?? 0)) / 1000).toFixed(1);
  }
}
