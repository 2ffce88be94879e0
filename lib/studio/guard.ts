// Who may ask the studio: only programs that know the token in its address, under the name it has on this machine. There is no
// cookie, so that a browser adds nothing by itself to what a foreign page makes it send.

import { Buffer } from "node:buffer";
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A token for an address: 128 random bits. */
export function newToken(): string {
  return randomBytes(16).toString("hex");
}

/** Why a request is refused, with its HTTP status; null when it is not. */
export interface Refusal {
  status: 403 | 405 | 421;
  message: string;
}

/**
 * Refuses requests under another host name (a foreign page whose name was pointed at this machine), of foreign pages, and without the
 * token.
 */
export function refusalOf(
  { method, headers, url }: Pick<IncomingMessage, "method" | "headers" | "url">,
  { port, token }: { port: number; token: string },
): Refusal | null {
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`) {
    return { status: 421, message: `Expected the host 127.0.0.1:${port}.` };
  }
  if (!["GET", "HEAD", "POST"].includes(method ?? "")) return { status: 405, message: "Expected GET, HEAD or POST." };
  const given = (url ?? "").split("/")[1]?.split("?")[0] ?? "";
  if (!sameText(given, token)) {
    return { status: 403, message: "Open the address that deno task studio has printed: it holds a token." };
  }
  if (method !== "POST") return null;
  const { origin, "sec-fetch-site": site } = headers;
  const foreign = (origin !== undefined && origin !== `http://${headers.host}`) ||
    (site !== undefined && site !== "same-origin");
  return foreign ? { status: 403, message: "Expected a request from the studio's own pages." } : null;
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

/** Headers of every answer. */
export const COMMON_HEADERS = {
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** What the studio's pages may load: its own files, and nothing from elsewhere. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A report has its script inside; it may load and send nothing, and is kept apart from the studio's pages. */
export const REPORT_POLICY =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; " +
  "img-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** A file that is only looked at. */
export const FILE_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";
