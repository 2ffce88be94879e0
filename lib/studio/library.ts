// The reports with all that is known of them: title, state, findings, results of other machines; and what could not be read, and why.

import { join } from "node:path";
import type { ResultsFile } from "../record/mod.ts";
import { findingsHtml, readDocument, type ReportDocument } from "../report/mod.ts";
import { answerProblems, type MachineResults, makerOf, type Problem, readMachineResults } from "./machine_results.ts";
import { fileStamp, ResultsReader } from "./read_results.ts";
import { reportNames } from "./reports.ts";
import { type IdentityOf, type ReportState, ReportStates } from "./report_states.ts";

/** A report in the list. */
export interface ReportEntry {
  name: string;
  title: string;
  scale: string;
  /** The machine that made it; "" when nobody knows. */
  machine: string;
  /** Null when its results.json is missing or cannot be read. */
  results: ResultsFile | null;
  /** Null when its document.json is missing or cannot be read. */
  document: ReportDocument | null;
  /** Why something of it cannot be read; null when all can. */
  problem: string | null;
  state: ReportState;
  /** Its findings as HTML of the first page. */
  findings: readonly string[];
  /** The same report from other machines. */
  others: readonly MachineResults[];
  /** Its notebook's file; null when that is not here. */
  notebook: string | null;
}

/** All reports, and what of them and of other machines' results is left out. */
export interface LibraryView {
  reports: ReportEntry[];
  problems: Problem[];
}

/** Where reports, and the notebooks that they are made by, lie. */
export interface LibraryOptions {
  reportsFolder: string;
  /** Null: no report has a notebook. */
  notebooksFolder?: string | null;
  /** Default: that of lib/notebook, on this machine. */
  identityOf?: IdentityOf;
}

type ReadDocument = { document: ReportDocument; findings: string[] } | { problem: string };

/** For how long a glance takes what was seen last, in milliseconds. */
const GLANCE_MS = 1500;

/** The reports of a folder. */
export class ReportLibrary {
  readonly folder: string;
  readonly states: ReportStates;
  readonly #reader = new ResultsReader();
  readonly #documents = new Map<string, { stamp: string; read: ReadDocument }>();
  #seen: { view: LibraryView; atMs: number } | null = null;

  constructor({ reportsFolder, notebooksFolder = null, identityOf }: LibraryOptions) {
    this.folder = reportsFolder;
    this.states = new ReportStates(reportsFolder, notebooksFolder, identityOf);
  }

  /** All reports by name, as they are now. */
  view(): LibraryView {
    const names = reportNames(this.folder);
    const own = new Map(names.map((name) => {
      const path = join(this.folder, name, "results.json");
      return [name, fileStamp(path) === "" ? null : this.#reader.read(path)] as const;
    }));
    const readable = new Map([...own].map(([name, read]) => [name, read && "results" in read ? read : null]));
    const { byReport, problems } = readMachineResults(this.folder, this.#reader, readable);
    const reports = names.map((name) => {
      const read = own.get(name)!;
      const problem = read && "problem" in read ? read.problem : null;
      return this.#entry(name, {
        results: readable.get(name)?.results ?? null,
        problem,
        others: byReport.get(name) ?? [],
      });
    });
    const ownProblems = reports.flatMap(({ name, problem }) => {
      const read = readable.get(name);
      const answers = read ? answerProblems(`report ${name}`, read) : [];
      return problem === null ? answers : [{ name: `report ${name}`, problem }, ...answers];
    });
    const view = { reports, problems: [...ownProblems, ...problems] };
    this.#seen = { view, atMs: performance.now() };
    return view;
  }

  /** What a change of the list is noticed by; looks at files only now and then. */
  glance(): string {
    const { reports, problems } = this.#seen && performance.now() - this.#seen.atMs < GLANCE_MS
      ? this.#seen.view
      : this.view();
    return JSON.stringify([
      reports.map(({ name, title, problem, results, others }) => [
        name,
        title,
        problem,
        results === null ? null : this.states.stateOf(name, results).text,
        others.map(({ file }) => file),
      ]),
      problems,
    ]);
  }

  /** One report; null when there is none of this name. */
  report(name: string): ReportEntry | null {
    return this.view().reports.find((entry) => entry.name === name) ?? null;
  }

  /** Waits until the state of every report is known. */
  async settled(): Promise<void> {
    this.view();
    await this.states.settled();
  }

  async close(): Promise<void> {
    await this.states.close();
  }

  #entry(
    name: string,
    { results, problem, others }: Pick<ReportEntry, "results" | "problem" | "others">,
  ): ReportEntry {
    const read = results === null ? null : this.#document(name);
    const found = read !== null && "document" in read ? read : null;
    return {
      name,
      title: results?.title || name,
      scale: results?.scale ?? "",
      machine: (results && makerOf(results)?.name) ?? "",
      results,
      document: found?.document ?? null,
      problem: problem ?? (read !== null && "problem" in read ? read.problem : null),
      state: results === null
        ? {
          status: "unknown",
          text: problem === null ? "it has no results.json" : "its results cannot be read",
          changes: [],
        }
        : this.states.stateOf(name, results),
      findings: found?.findings ?? [],
      others,
      notebook: this.states.notebook(name),
    };
  }

  /** The document of a report, kept until its files change; null when it has none, as one of an earlier version. */
  #document(name: string): ReadDocument | null {
    const folder = join(this.folder, name);
    const own = fileStamp(join(folder, "document.json"));
    if (own === "") return null;
    const stamp = `${own}\n${fileStamp(join(folder, "results.json"))}`;
    const kept = this.#documents.get(name);
    if (kept?.stamp === stamp) return kept.read;
    const read = readNow(folder, name);
    this.#documents.set(name, { stamp, read });
    return read;
  }
}

function readNow(folder: string, name: string): ReadDocument {
  try {
    const document = readDocument(folder);
    return { document, findings: findingsHtml(document, { page: `reports/${name}/index.html` }) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
