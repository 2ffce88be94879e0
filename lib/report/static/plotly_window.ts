// plotly.js in a jsdom window: started when the first figure is rendered (about a second), kept for the next ones.

import { readFileSync } from "node:fs";
import { projectPath } from "../../process/mod.ts";
import type { PlotlyFigure } from "../document.ts";
import { type Box, clientBox, ownBox, textLength } from "./geometry.ts";

/** The part of plotly.js that static rendering calls. */
export interface Plotly {
  newPlot(
    root: unknown,
    data: PlotlyFigure["data"],
    layout: PlotlyFigure["layout"],
    config: Record<string, unknown>,
  ): Promise<unknown>;
  purge(root: unknown): void;
  Snapshot: { toSVG(root: unknown, format: "svg", scale: number): string };
}

/** A window with plotly.js in it. */
export interface PlotlyWindow {
  plotly: Plotly;
  document: Document;
  /** Makes the random parts of ids start over, so that the same figure gives the same bytes. */
  resetRandom(): void;
  close(): void;
}

/** Path of the script that is evaluated here and inlined in index.html. */
export function plotlyScriptPath(): string {
  return projectPath("node_modules", "plotly.js-dist-min", "plotly.min.js");
}

/** Starts a window. */
export async function openPlotlyWindow(): Promise<PlotlyWindow> {
  const { JSDOM, VirtualConsole } = await import("jsdom");
  // No script and no resource of a page is loaded: only plotly.js is evaluated, by us. Without a listener the virtual
  // console drops jsdom's remarks on canvas, which plotly.js asks for and does without.
  const dom = new JSDOM("<!doctype html><body></body>", {
    runScripts: "outside-only",
    pretendToBeVisual: true,
    virtualConsole: new VirtualConsole(),
  });
  const window = dom.window as unknown as Window & typeof globalThis & { Plotly: Plotly };
  addLayout(window);
  const resetRandom = seedRandom(window);
  window.eval(readFileSync(plotlyScriptPath(), "utf8"));
  return {
    plotly: window.Plotly,
    document: window.document,
    resetRandom,
    close: () => dom.window.close(),
  };
}

function addLayout(window: Window & typeof globalThis): void {
  const rectangle = ({ left, top, right, bottom }: Box) => ({
    ...{ x: left, y: top, left, top, right, bottom },
    width: right - left,
    height: bottom - top,
  });
  const define = (target: object, methods: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(methods)) {
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    }
  };
  define(window.SVGElement.prototype, {
    getBBox(this: Element) {
      return rectangle(ownBox(this));
    },
    getBoundingClientRect(this: Element) {
      return rectangle(clientBox(this));
    },
    getComputedTextLength(this: Element) {
      return textLength(this);
    },
    getTotalLength: () => 0,
    getPointAtLength: () => ({ x: 0, y: 0 }),
    getScreenCTM: () => ({ a: 1, b: 0, c: 0, d: 1, e: 0, f: 0, inverse: () => null }),
  });
  define(window.HTMLElement.prototype, {
    getBoundingClientRect: () => rectangle({ left: 0, top: 0, right: 0, bottom: 0 }),
  });
  define(window.HTMLCanvasElement.prototype, { getContext: () => null });
  define(window.URL, { createObjectURL: () => "blob:none", revokeObjectURL: () => {} });
  define(window, {
    matchMedia: () => ({ matches: false, addListener() {}, addEventListener() {}, removeListener() {} }),
  });
}

/** Replaces the window's Math.random by a seeded generator (mulberry32); plotly.js uses it for ids only. */
function seedRandom(window: Window & typeof globalThis): () => void {
  let state = 1;
  const math = (window as unknown as { eval(code: string): typeof Math }).eval("Math");
  math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return () => void (state = 1);
}
