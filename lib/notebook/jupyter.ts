// Where does this code run: in a Jupyter kernel, in the headless runner, or in a plain program? The one place that asks.

/** What a cell shows: text by MIME type; values other than text only for JSON types. */
export type MediaBundle = Record<string, unknown>;

/** The part of `Deno.jupyter` that the library uses; the headless runner offers the same. */
export interface JupyterDisplay {
  broadcast(messageType: string, content: Record<string, unknown>): Promise<void>;
}

/** The runner's side of a headless notebook process. */
export interface HeadlessChannel {
  emit(event: HeadlessEvent): void;
  /** The code cell that is running, counted from 1; null between cells. */
  cell(): number | null;
}

/** What a headless notebook process tells the runner, in order with its output. */
export type HeadlessEvent =
  | { type: "begin" | "end"; cell: number }
  | { type: "line"; line: number }
  | { type: "display"; data: MediaBundle; metadata: Record<string, unknown>; displayId: string | null; update: boolean }
  | { type: "result"; data: MediaBundle }
  | { type: "stderr"; text: string }
  | { type: "progress"; line: string; milestone: boolean }
  | { type: "error"; name: string; message: string; stack: string; origin: "cell" | "rejection" | "callback" }
  | { type: "exit"; code: number; stack: string }
  | { type: "done" };

const CHANNEL = Symbol.for("latent-lab.headless");

/** The channel to the runner, null outside of a headless run. */
export function headlessChannel(): HeadlessChannel | null {
  return (globalThis as { [CHANNEL]?: HeadlessChannel })[CHANNEL] ?? null;
}

/** Makes this process a headless one; called once, before the notebook's first line. */
export function openHeadlessChannel(channel: HeadlessChannel): void {
  (globalThis as { [CHANNEL]?: HeadlessChannel })[CHANNEL] = channel;
}

/** `Deno.jupyter`, real or the runner's; null in a plain program, where Deno's getter throws, and under Node. */
export function jupyter(): JupyterDisplay | null {
  try {
    return (globalThis as unknown as { Deno?: { jupyter?: JupyterDisplay } }).Deno?.jupyter ?? null;
  } catch {
    return null;
  }
}

/** Whether this is a real Jupyter kernel of Deno. */
export function inKernel(): boolean {
  return jupyter() !== null && headlessChannel() === null;
}

/** Shows a bundle in the current cell; with `update`, replaces what was shown under the same id. Does nothing elsewhere. */
export async function displayBundle(
  data: MediaBundle,
  { displayId, update = false }: { displayId?: string; update?: boolean } = {},
): Promise<void> {
  const transient = displayId === undefined ? {} : { display_id: displayId };
  const messageType = update ? "update_display_data" : "display_data";
  await jupyter()?.broadcast(messageType, { data, metadata: {}, transient });
}
