// The studio's server: pages, events and requests on 127.0.0.1, under an address that holds a token.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { addressOf, notFound, redirect, rootOf, send, sendFile } from "./answers.ts";
import {
  assets,
  claimsHtml,
  comparisonHtml,
  firstPage,
  machinesHtml,
  notebookHtml,
  reportHtml,
  searchJs,
  type Sources,
  studyHtml,
  trialHtml,
} from "./content.ts";
import { type ChangesSince, type Known, studyChanges, studyPulse, Watcher } from "./events.ts";
import { newToken, PAGE_POLICY, refusalOf, REPORT_POLICY } from "./guard.ts";
import type { StudyReader } from "../sweep/mod.ts";
import { problemPage } from "./problem_page.ts";
import { ReportLibrary } from "./library.ts";
import type { Problem } from "./machine_results.ts";
import type { IdentityOf } from "./report_states.ts";
import { machineFigureFile, reportFile } from "./reports.ts";
import { type OpenReader, storeReader, StudyShelf } from "./shelf.ts";
import { answerTrialRequest, trialRequestOf } from "./trial_requests.ts";

/** Where the studio reads and listens. */
export interface StudioOptions {
  checkpointsFolder: string;
  reportsFolder: string;
  /** Where the reports' notebooks are; without it no report has one. */
  notebooksFolder?: string;
  /** Default: the notebooks' own, by lib/notebook. */
  identityOf?: IdentityOf;
  /** Default: the store's own. */
  openReader?: OpenReader;
  /** 0, the default, is any free one. */
  port?: number;
}

/** A running studio. */
export interface Studio {
  /** The address with its token: `http://127.0.0.1:PORT/TOKEN/`. */
  address: string;
  /** Reports and other machines' results that could not be read when it started. */
  problems: Problem[];
  close(): Promise<void>;
}

/**
 * Starts the studio on 127.0.0.1.
 *
 * @throws {Error} when the port is taken
 *
 * @example
 * ```ts
 * import { startStudio } from "lib/studio/mod.ts";
 * const studio = await startStudio({ checkpointsFolder: "checkpoints", reportsFolder: "reports" });
 * const page = await (await fetch(studio.address)).text();
 * await studio.close();
 * if (!page.includes("<h2 id=\"studies\">Studies</h2>")) throw new Error("the first page lists the studies");
 * ```
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { checkpointsFolder, reportsFolder, notebooksFolder, identityOf, port = 0 } = options;
  const shelf = new StudyShelf(checkpointsFolder, options.openReader ?? storeReader(checkpointsFolder));
  const library = new ReportLibrary({ reportsFolder, notebooksFolder, identityOf });
  const site = new Site({ shelf, library });
  const token = newToken();
  const server = createServer((request, response) => {
    const refusal = refusalOf(request, { port: (server.address() as AddressInfo).port, token });
    const answered = refusal
      ? send(response, refusal.status, problemPage("", refusal.message))
      : site.answer(request, response);
    Promise.resolve(answered).catch((error) => {
      if (response.headersSent) return response.destroy();
      send(response, 500, problemPage(rootOf(request), (error as Error).message));
    });
  });
  await listening(server, port);
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`;
  return {
    address,
    problems: library.view().problems,
    async close() {
      site.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      shelf.close();
      await library.close();
    },
  };
}

async function listening(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      const taken = error.code === "EADDRINUSE" ? "it is taken; give another with --port" : error.message;
      reject(new Error(`Cannot listen on port ${port} of 127.0.0.1: ${taken}`));
    });
    server.listen(port, "127.0.0.1", resolve);
  });
}

const STUDY = /^studies\/([a-z0-9-]+)\/(.*)$/;
const REPORT = /^reports\/([a-z0-9-]+)\/(.*)$/;
const COMPARISON = /^compare\/([a-z0-9-]+)\/([a-z0-9-]+)\.html$/;
const TRIAL = /^trials\/([0-9a-f]{64})\.html$/;

/** Answers by address. Addresses are matched as they come, without decoding: none of ours has anything to decode. */
class Site {
  readonly #sources: Sources;
  readonly #watchers = new Map<string, Watcher>();
  readonly #assets = assets();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { path, query } = addressOf(request);
    if (path === null) return redirect(response, `${request.url}/`);
    const [, study, rest] = STUDY.exec(path) ?? [];
    if (request.method === "POST") {
      const asked = study === undefined ? null : trialRequestOf(rest);
      if (asked === null) return notFound(request, response);
      const reader = await this.#reader(request, response, study);
      return reader === null ? undefined : answerTrialRequest(reader, asked, { request, response });
    }
    if (study !== undefined) return await this.#study({ request, response, query }, study, rest);
    if (path === "" || path === "index.html") {
      return send(response, 200, await firstPage(this.#sources, { live: true }));
    }
    if (path === "events") {
      return this.#watch("", ({ revision }) => this.#listChanges(revision)).add(response, knownBy(query, request));
    }
    if (path === "claims.html") return send(response, 200, claimsHtml(this.#sources));
    if (path === "assets/search.js") {
      return send(response, 200, searchJs(this.#sources), { type: "text/javascript" });
    }
    const asset = /^assets\/(studio\.(?:css|js))$/.exec(path)?.[1] as keyof ReturnType<typeof assets> | undefined;
    if (asset) {
      return send(response, 200, this.#assets[asset], { type: asset.endsWith("css") ? "text/css" : "text/javascript" });
    }
    const [, one, other] = COMPARISON.exec(path) ?? [];
    if (one !== undefined) return await this.#comparison(request, response, [one, other]);
    const [, report, file] = REPORT.exec(path) ?? [];
    if (report !== undefined) return this.#report(request, response, { report, file });
    notFound(request, response);
  }

  async #study(
    { request, response, query }: { request: IncomingMessage; response: ServerResponse; query: URLSearchParams },
    name: string,
    rest: string,
  ): Promise<void> {
    const reader = await this.#reader(request, response, name);
    if (reader === null) return;
    if (rest === "" || rest === "index.html") {
      return send(response, 200, studyHtml(this.#sources, reader, { live: true }));
    }
    if (rest === "events") {
      const open = async () => {
        const found = await this.#sources.shelf.study(name);
        return found && "reader" in found ? found.reader : null;
      };
      return this.#watch(name, studyChanges(open)).add(response, knownBy(query, request));
    }
    const key = TRIAL.exec(rest)?.[1];
    const html = key === undefined ? null : trialHtml(reader, key, { live: true });
    if (html === null) notFound(request, response);
    else send(response, 200, html);
  }

  /** The reader of a study; null when an answer has been given because there is none. */
  async #reader(request: IncomingMessage, response: ServerResponse, name: string): Promise<StudyReader | null> {
    const found = await this.#sources.shelf.study(name);
    if (found === null) notFound(request, response);
    else if ("problem" in found) send(response, 500, problemPage(rootOf(request), found.problem));
    else return found.reader;
    return null;
  }

  async #comparison(request: IncomingMessage, response: ServerResponse, names: [string, string]): Promise<void> {
    const one = await this.#reader(request, response, names[0]);
    const other = one && await this.#reader(request, response, names[1]);
    if (one && other) send(response, 200, comparisonHtml(one, other));
  }

  #report(
    request: IncomingMessage,
    response: ServerResponse,
    { report, file }: { report: string; file: string },
  ): void {
    const { library } = this.#sources;
    const own = reportFile(library.folder, report, file);
    if (own !== null) return sendFile(request, response, own);
    const entry = library.report(report);
    if (entry === null) return notFound(request, response);
    if (file === "" || file === "index.html") {
      const page = reportHtml(this.#sources, entry);
      return send(response, 200, page.html, { policy: page.interactive ? REPORT_POLICY : PAGE_POLICY });
    }
    const figure = machineFigureFile(library.folder, entry.others, file);
    if (figure !== null) return sendFile(request, response, figure);
    const render = file === "notebook.html" ? notebookHtml : file === "machines.html" ? machinesHtml : null;
    const html = render?.(this.#sources, entry) ?? null;
    return html === null ? notFound(request, response) : send(response, 200, html);
  }

  #watch(name: string, changes: ChangesSince): Watcher {
    const watcher = this.#watchers.get(name) ?? new Watcher(changes);
    this.#watchers.set(name, watcher);
    return watcher;
  }

  #list = "";
  #listRevision = 0;
  readonly #pulses = new Map<string, () => Promise<string>>();

  /** A change of the list of studies: its revision is counted here, since it is of several stores. */
  async #listChanges(since: number) {
    const { shelf, library } = this.#sources;
    const pulses = shelf.names().map((name) => {
      const pulse = this.#pulses.get(name) ?? studyPulse(() => shelf.study(name));
      this.#pulses.set(name, pulse);
      return pulse();
    });
    const list = JSON.stringify([await Promise.all(pulses), library.glance()]);
    if (list !== this.#list) [this.#list, this.#listRevision] = [list, this.#listRevision + 1];
    const change = since === this.#listRevision ? null : { revision: this.#listRevision, keys: [] };
    return { change, state: null };
  }
}

/** What a page knows that asks for events. */
function knownBy(query: URLSearchParams, { headers }: IncomingMessage): Known {
  const last = Number(headers["last-event-id"] ?? query.get("since") ?? -1);
  return { revision: Number.isInteger(last) ? last : -1, state: query.get("state") };
}
