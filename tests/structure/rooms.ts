// The rooms of lib/ in the order in which they may build on each other, and the rule for imports that follows from it.

/** The folders of lib/: a room imports only from rooms above it. */
export const ROOMS: readonly string[] = [
  "statistics",
  "process",
  "record",
  "graph",
  "runtime",
  "nn",
  "data",
  "models",
  "train",
  "evaluate",
  "language",
  "sweep",
  "bench",
  "claims",
  "report",
  "notebook",
  "studio",
  "cli",
];

/** Rooms that Deno, the older Deno of the kernel and Node (tslab) share. */
export const PORTABLE_ROOMS: readonly string[] = ROOMS.slice(0, ROOMS.indexOf("notebook"));

/** The room of a path such as `lib/train/loop.ts`, or of its twin `tests/train/loop_test.ts`; null outside rooms. */
export function roomOf(path: string): string | null {
  return /^(?:lib|tests)\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** Whether code of other rooms may import this file of lib/. */
function isDoor(path: string): boolean {
  if (/_(process|child)\.ts$/.test(path)) return false; // started, never imported
  // The audit of claims reads every report: the notebooks whose claims it audits must not reach it.
  if (path === "lib/claims/audit/mod.ts") return true;
  // Models and benchmark subjects are imported as files, so that a change makes stale only the reports that can reach it.
  return /^lib\/[^/]+\/mod\.ts$/.test(path) || /^lib\/(models|bench)\/([^/]+\/)?[^/]+\.ts$/.test(path);
}

/** What is wrong with the import of the project's file `to` by the file `from`, both paths from the root; null when nothing is. */
export function importProblem(from: string, to: string): string | null {
  if (from.startsWith("lib/")) return libraryProblem(from, to);
  if (from.startsWith("notebooks/")) return notebookProblem(from, to);
  if (!to.startsWith("lib/") || roomOf(from) === roomOf(to) || isDoor(to) || to === "lib/notebook/run.ts") return null;
  return `${from} imports ${to}: a test reaches into other rooms through their mod.ts`;
}

function libraryProblem(from: string, to: string): string | null {
  if (!to.startsWith("lib/")) return `${from} imports ${to}: the library imports nothing outside lib/`;
  const [fromRoom, toRoom] = [roomOf(from)!, roomOf(to)!];
  if (fromRoom === toRoom) return null;
  if (ROOMS.indexOf(toRoom) > ROOMS.indexOf(fromRoom)) return `${from} imports ${to}: ${toRoom} is below ${fromRoom}`;
  return isDoor(to) ? null : `${from} imports ${to}: other rooms are entered through their mod.ts`;
}

function notebookProblem(from: string, to: string): string | null {
  if (to === "lib/notebook/run.ts") return null;
  // The runner behind lib/notebook/mod.ts would make every report stale that imports it.
  const open = isDoor(to) && !["notebook", "studio", "cli"].includes(roomOf(to)!);
  return open
    ? null
    : `${from} imports ${to}: notebooks import rooms by mod.ts, models by file, and lib/notebook/run.ts`;
}
