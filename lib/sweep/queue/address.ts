// Addresses of a queue, as people write them: redis://HOST, with a port, a user, a password and a database where needed.

/** Where a queue is. */
export interface QueueAddress {
  host: string;
  port: number;
  username: string | null;
  password: string | null;
  /** Number of the database. */
  db: number;
  tls: boolean;
  /** The address without user and password, as messages show it. */
  label: string;
}

const FORM = "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";
const DEFAULT_PORT = 6379;

/**
 * Reads an address.
 *
 * @throws {RangeError} when it is none, never showing a password
 *
 * @example
 * ```ts
 * import { parseQueueAddress } from "lib/sweep/queue/address.ts";
 * const { host, port, label } = parseQueueAddress("redis://:secret@studio.local/2");
 * console.log(host, port, label); // studio.local 6379 redis://studio.local:6379/2
 * ```
 */
export function parseQueueAddress(text: string): QueueAddress {
  const refuse = (got: string) => new RangeError(`Cannot use the queue: expected an address ${FORM}, got ${got}`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse(text.includes("@") ? "something else (not shown, since it may hold a password)" : `"${text}"`);
  }
  if (url.protocol !== "redis:" && url.protocol !== "rediss:") throw refuse(`one that begins with ${url.protocol}//`);
  if (url.hostname === "") throw refuse("one without a host");
  const database = url.pathname.replace(/^\//, "");
  if (!/^\d{0,4}$/.test(database)) throw refuse(`the database "${database}", which is no number`);
  if (url.search !== "" || url.hash !== "") throw refuse(`one with "${url.search}${url.hash}" at its end`);
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const tls = url.protocol === "rediss:";
  return {
    host,
    port,
    username: url.username === "" ? null : decodeURIComponent(url.username),
    password: url.password === "" ? null : decodeURIComponent(url.password),
    db: Number(database),
    tls,
    label: `${url.protocol}//${url.hostname}:${port}${database === "" ? "" : `/${database}`}`,
  };
}
