// Answers of the studio's server, and what its addresses say.

import { createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { COMMON_HEADERS, FILE_POLICY, PAGE_POLICY } from "./guard.ts";
import { problemPage } from "./problem_page.ts";
import type { PageFile } from "./reports.ts";

/** The address below the token; null when the slash after the token is missing. */
export function addressOf({ url }: IncomingMessage): { path: string | null; query: URLSearchParams } {
  const [address, query = ""] = (url ?? "").split("?");
  const parts = address.split("/");
  return { path: parts.length < 3 ? null : parts.slice(2).join("/"), query: new URLSearchParams(query) };
}

/** The way from a request's address to the first page. */
export function rootOf(request: IncomingMessage): string {
  const { path } = addressOf(request);
  return "../".repeat((path ?? "").split("/").length - 1);
}

/** Sends a page or another text. */
export function send(
  response: ServerResponse,
  status: number,
  body: string,
  { type = "text/html", policy = PAGE_POLICY }: { type?: string; policy?: string } = {},
): void {
  response.writeHead(status, {
    ...COMMON_HEADERS,
    "content-type": `${type}; charset=utf-8`,
    "content-security-policy": policy,
  });
  response.end(body);
}

/** Sends a file that is only looked at. */
export function sendFile(request: IncomingMessage, response: ServerResponse, { path, type }: PageFile): void {
  response.writeHead(200, { ...COMMON_HEADERS, "content-type": type, "content-security-policy": FILE_POLICY });
  if (request.method === "HEAD") return void response.end();
  createReadStream(path).on("error", () => response.destroy()).pipe(response);
}

/** Says that nothing has this address. */
export function notFound(request: IncomingMessage, response: ServerResponse): void {
  send(response, 404, problemPage(rootOf(request), "There is no such page."));
}

/** Sends the reader to another address. */
export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { ...COMMON_HEADERS, location }).end();
}
