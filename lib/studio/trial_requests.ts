// What a page asks a study for: to end a trial, run it again, keep its weights. The study takes it up itself; its state then changes, and
// pages are told.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestKind, StudyReader } from "../sweep/mod.ts";
import { notFound, redirect, send } from "./answers.ts";

/** A request to a study about one of its trials. */
export interface TrialRequest {
  key: string;
  kind: RequestKind;
}

/** The request that an address below the study's means; null when it means none. */
export function trialRequestOf(path: string): TrialRequest | null {
  const [, key, kind] = /^trials\/([0-9a-f]{64})\/(cancel|retry|pin|unpin)$/.exec(path) ?? [];
  return key === undefined ? null : { key, kind: kind as RequestKind };
}

/** Hands a request to its study, and answers the page's script with a sentence, or its form with the trial's page. */
export function answerTrialRequest(
  reader: StudyReader,
  { key, kind }: TrialRequest,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): void {
  if (reader.trial(key) === null) return notFound(request, response);
  reader.request(kind, key);
  if (!request.headers.accept?.includes("application/json")) {
    return redirect(response, `${request.url!.slice(0, request.url!.lastIndexOf("/"))}.html`);
  }
  const message = requestMessage(kind, reader.summary().state === "running");
  send(response, 202, JSON.stringify({ message }), { type: "application/json" });
}

/** What the reader of the page is told. */
function requestMessage(kind: RequestKind, running: boolean): string {
  if (kind === "pin") return "Its weights will be kept.";
  if (kind === "unpin") return "Its weights are kept only if it is among the best.";
  if (kind === "retry") {
    return running ? "The study will run it again." : "The next run of the study will run it again.";
  }
  return running ? "The study will stop it." : "The study is not running; the trial is left out of its next run.";
}
