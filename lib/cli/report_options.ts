// The command line of `deno task report`.

import { type Scale, SCALES } from "../notebook/mod.ts";
import { CommandError, parseCommand } from "./command.ts";

/** What `deno task report` is asked to do. */
export interface ReportCommand {
  /** Beginnings of notebook names; empty with `all`. */
  names: string[];
  all: boolean;
  scale: Scale;
  overrides: Record<string, string>;
  force: boolean;
  html: boolean;
  restart: boolean;
  /** Only say what is fresh. */
  status: boolean;
  /** Print the notebooks' own text too. */
  verbose: boolean;
  help: boolean;
  /** Skip the type check. */
  noCheck: boolean;
  deadlineMs: number | undefined;
}

export const REPORT_USAGE = `deno task report [NAMES | --all] [options]

  NAMES              beginnings of notebook names, such as 02; without any: 02-lnsp-size-analysis
  --all              every notebook
  --scale SCALE      smoke (seconds), quick (minutes; the default) or full (up to hours)
  -p KEY=VALUE       override a parameter of the notebook; may be repeated; lists as JSON: -p studentDims=[256,512]
  --force            run although the report is fresh, and replace a report of a larger scale
  --restart          measure everything anew, although a run that was interrupted has left results to go on from
  --html             also write the interactive index.html
  --status           say which reports are fresh and what changed; run nothing
  --timeout MINUTES  give up a notebook after this time (smoke 10, quick 60, full 1440)
  --no-check         skip the type check of the notebooks
  --verbose          print what the notebooks print`;

const DEFAULT_NOTEBOOK = "02-lnsp-size-analysis";

/**
 * Reads the arguments of `deno task report`.
 *
 * @throws {CommandError} saying what was expected
 */
export function parseReportCommand(args: string[]): ReportCommand {
  const { values, positionals } = parseCommand(args, {
    all: { type: "boolean", default: false },
    scale: { type: "string", default: "quick" },
    parameter: { type: "string", short: "p", multiple: true, default: [] },
    force: { type: "boolean", default: false },
    restart: { type: "boolean", default: false },
    html: { type: "boolean", default: false },
    status: { type: "boolean", default: false },
    timeout: { type: "string" },
    "no-check": { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.all && positionals.length > 0) throw new CommandError("Give either names of notebooks or --all, not both");
  const names = positionals.length > 0 || values.all || values.status ? positionals : [DEFAULT_NOTEBOOK];
  return {
    names,
    all: values.all || (values.status && positionals.length === 0),
    scale: parseScale(values.scale),
    overrides: parseOverrides(values.parameter),
    force: values.force,
    restart: values.restart,
    html: values.html,
    status: values.status,
    verbose: values.verbose,
    noCheck: values["no-check"],
    help: values.help,
    deadlineMs: parseTimeout(values.timeout),
  };
}

function parseScale(text: string): Scale {
  const scale = SCALES.find((known) => known === text);
  if (!scale) throw new CommandError(`There is no scale "${text}"; the scales are ${SCALES.join(", ")}`);
  return scale;
}

/** Overrides by name, as text: the notebook knows the types. */
function parseOverrides(pairs: string[]): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const pair of pairs) {
    const [, key, value] = pair.match(/^([^=\s]+)=([\s\S]*)$/) ?? [];
    if (key === undefined) throw new CommandError(`-p expects KEY=VALUE, such as -p epochs=5, got "${pair}"`);
    if (Object.hasOwn(overrides, key)) throw new CommandError(`Parameter "${key}" is given twice`);
    overrides[key] = value;
  }
  return overrides;
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const minutes = Number(text);
  // The upper bound is that of the platform's timers.
  if (!(minutes > 0 && minutes <= 35_000)) {
    throw new CommandError(`--timeout expects minutes, a positive number up to 35000, got "${text}"`);
  }
  return minutes * 60_000;
}
