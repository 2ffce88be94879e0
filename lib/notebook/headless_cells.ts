// The first import of every generated module: it opens the channel to the runner, stands in for `Deno.jupyter`, and receives
// what the markers between the cells say. Messages share stdout with the notebook's own output, so that their order is exact.

import process from "node:process";
import { format } from "node:util";
import { connectParent } from "../process/mod.ts";
import { type HeadlessEvent, type MediaBundle, openHeadlessChannel } from "./jupyter.ts";
import { DISPLAY, displayable, imageBundle, mediaOf } from "./media.ts";

const parent = connectParent();
const exit = Deno.exit.bind(Deno);

/** Ends the process without the notice that a cell's own `Deno.exit` gives. */
export function exitQuietly(code: number): never {
  return exit(code);
}

/** Sends one event, in order with everything printed before. */
export function emit(event: HeadlessEvent): void {
  parent.send(event);
}

let running: number | null = null;

/** Receiver of the markers in a generated module. */
export const cells = {
  begin(cell: number): void {
    running = cell;
    emit({ type: "begin", cell });
  },
  end(cell: number): void {
    running = null;
    emit({ type: "end", cell });
  },
  line: (line: number): void => emit({ type: "line", line }),
  async value(value: unknown): Promise<void> {
    if (value !== undefined) emit({ type: "result", data: await mediaOf(value) });
  },
};

interface DisplayOptions {
  raw?: boolean;
  update?: boolean;
  display_id?: string;
}

const text = (strings: TemplateStringsArray, values: unknown[]) => String.raw({ raw: strings }, ...values);

/** Stand-in for `Deno.jupyter`, with the same functions. */
const jupyterStandIn = {
  $display: DISPLAY,
  format: mediaOf,
  md: (strings: TemplateStringsArray, ...values: unknown[]) => displayable({ "text/markdown": text(strings, values) }),
  html: (strings: TemplateStringsArray, ...values: unknown[]) => displayable({ "text/html": text(strings, values) }),
  svg: (strings: TemplateStringsArray, ...values: unknown[]) => displayable({ "image/svg+xml": text(strings, values) }),
  image: (image: string | Uint8Array) => displayable(imageBundle(image)),
  async display(value: unknown, options: DisplayOptions = {}): Promise<void> {
    const data = options.raw ? value as MediaBundle : await mediaOf(value);
    const { display_id: displayId = null, update = false } = options;
    emit({ type: "display", data, metadata: {}, displayId, update });
  },
  // deno-lint-ignore require-await -- the kernel's is asynchronous
  async broadcast(messageType: string, content: Record<string, unknown>): Promise<void> {
    if (messageType !== "display_data" && messageType !== "update_display_data") return;
    const transient = content.transient as { display_id?: string } | undefined;
    emit({
      type: "display",
      data: (content.data ?? {}) as MediaBundle,
      metadata: (content.metadata ?? {}) as Record<string, unknown>,
      displayId: transient?.display_id ?? null,
      update: messageType === "update_display_data",
    });
  },
};

function install(): void {
  openHeadlessChannel({ emit, cell: () => running });
  (Deno as { jupyter: unknown }).jupyter = jupyterStandIn;
  // stderr has a pipe of its own: sent as events, warnings keep their place between other outputs.
  for (const method of ["error", "warn", "trace"] as const) {
    console[method] = (...values: unknown[]) => emit({ type: "stderr", text: format(...values) + "\n" });
  }
  const announce = (code: number) => emit({ type: "exit", code, stack: new Error("exit").stack ?? "" });
  Deno.exit = (code = 0): never => {
    announce(code);
    return exit(code);
  };
  process.exit = ((code?: number | string | null): never => {
    announce(Number(code ?? 0));
    return exit(Number(code ?? 0));
  }) as typeof process.exit;
}

install();
