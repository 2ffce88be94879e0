// A process of trials as the pool sees it: it serves one order at a time, says when it is idle, and has to end in the end.

import process from "node:process";
import { type Child, type ChildResult, startChild } from "../../process/mod.ts";
import type { EpochSummary } from "../../train/mod.ts";
import type { StopReason } from "../executor.ts";
import type { StopRequest, TrialOrder, TrialReport } from "../messages.ts";
import type { AttemptEnd } from "../store.ts";
import { attemptEnd, type LastReport, type Verdict } from "./attempt_end.ts";

/** What is told of an order. What these throw ends the process, and `serve` rejects with it. */
export interface OrderWatch {
  onReady(baselineRssBytes: number): void;
  onEpoch(summary: EpochSummary): void;
  /** Asked when the process was killed: says from what is known of the machine that memory was the reason, or null. */
  memoryReason(child: TrialChild): string | null;
}

/** Options of a process. */
export interface TrialChildOptions {
  /** The module that runs as the process. */
  trialModule: string;
  /** Resident memory beyond which it is killed. */
  memoryLimitBytes: number;
  /** Called when its memory was looked at. */
  onMemory: () => void;
  /** Called when it is idle, and when it has ended. */
  onChange: (child: TrialChild) => void;
}

/** Time for a checkpoint after a request to end; a large model's takes a while to write. */
const GRACE_MS = 30_000;
/** Time after a result until it is idle, or has ended. */
const SETTLE_MS = 5_000;
/** Where processes are listed by a program of its own, that takes a while. */
const MEMORY_POLL_MS = process.platform === "linux" ? 200 : 500;
const STDERR_TAIL_CHARACTERS = 16 * 1024;
/** A process that has printed that much is not used again: what a child prints is kept, up to a limit. */
const MOST_PRINTED_CHARACTERS = 2 ** 20;

interface OrderUnderWay {
  watch: OrderWatch;
  startMs: number;
  stderrTail: string;
  /** Whether anything was heard of it. */
  begun: boolean;
  last: LastReport | null;
  stop: StopReason | null;
  verdict: Verdict | null;
  peakRssBytes: number | null;
  resolve: (end: AttemptEnd) => void;
  reject: (error: unknown) => void;
}

/** A process that serves orders. */
export class TrialChild {
  readonly pid: number;
  /** Orders so far. */
  orders = 0;
  /** Resident memory, as it was last seen, or said by itself. */
  rssBytes = 0;
  /** The same before its first trial began. */
  baselineBytes = Infinity;
  state: "idle" | "busy" | "settling" | "ended" = "idle";
  /** Whether it is being killed: its memory is about to be free. */
  dying = false;
  /** Whether it has given a sign since the pool last set this to false. */
  gaveSign = true;
  readonly #options: TrialChildOptions;
  readonly #child: Child;
  readonly #exited: Promise<void>;
  #order: OrderUnderWay | null = null;
  #printed = 0;
  /** Whether it was told to end, perhaps after saving a checkpoint. */
  #ending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TrialChildOptions) {
    this.#options = options;
    this.#child = startChild({
      module: options.trialModule,
      denoFlags: ["--v8-flags=--expose-gc"], // the process collects garbage before it measures its memory
      graceMs: GRACE_MS,
      memoryLimitBytes: options.memoryLimitBytes,
      memoryPollMs: MEMORY_POLL_MS,
      onMemory: (rssBytes) => {
        this.#noteMemory(rssBytes);
        options.onMemory();
      },
      onMessage: (message) => this.#take(message as TrialReport),
      onOutput: (text, stream) => this.#print(text, stream),
    });
    this.pid = this.#child.pid;
    this.#exited = this.#child.result.then((exit) => this.#leave(exit), (error) => this.#break(error));
  }

  /** Whether it may be given another order. */
  get reusable(): boolean {
    return this.state === "idle" && this.#printed <= MOST_PRINTED_CHARACTERS;
  }

  /** Has a trial trained; to be called while it is idle. */
  serve(order: TrialOrder, watch: OrderWatch): Promise<AttemptEnd> {
    this.orders++;
    this.state = "busy";
    return new Promise((resolve, reject) => {
      this.#order = {
        watch,
        startMs: performance.now(),
        stderrTail: "",
        begun: false,
        last: null,
        stop: null,
        verdict: null,
        peakRssBytes: null,
        resolve,
        reject,
      };
      this.#send(order);
    });
  }

  /** It was taken and not used. */
  giveBack(): void {
    if (this.state === "busy" && this.#order === null) this.#rest();
  }

  /** Lets the trial under way save a checkpoint and end; the process goes on. */
  stop(reason: StopReason): void {
    if (this.#order === null || this.#order.stop !== null) return;
    this.#order.stop = reason;
    this.#send({ stop: true });
    this.#later(() => this.#child.kill(), GRACE_MS);
  }

  /** Ends the process, and the trial under way with a failure. */
  end(verdict: Verdict | null, { graceMs }: { graceMs?: number } = {}): void {
    if (this.#order !== null) this.#order.verdict ??= verdict;
    this.#ending = true;
    this.dying ||= graceMs === 0;
    this.#child.kill({ graceMs });
  }

  /** Ends an idle process at once. */
  dismiss(): void {
    this.dying = true;
    this.state = "settling";
    this.#child.kill({ graceMs: 0 });
  }

  /** Lets an idle process end, and waits until it has. */
  async close(): Promise<void> {
    if (this.state === "idle") this.state = "settling";
    this.#child.endMessages();
    this.#later(() => this.#child.kill({ graceMs: 0 }), SETTLE_MS);
    await this.#exited;
  }

  /** Settles when the process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  #send(message: TrialOrder | StopRequest): void {
    try {
      this.#child.send(message);
    } catch (error) {
      this.#break(error);
    }
  }

  #take(report: TrialReport): void {
    const order = this.#order;
    if ("rssBytes" in report) this.#noteMemory(report.rssBytes);
    this.gaveSign = true;
    if (report.type === "idle") return this.#rest();
    if (order === null || order.last !== null) return;
    try {
      this.#tell(order, report);
    } catch (error) {
      this.#break(error);
    }
  }

  #noteMemory(rssBytes: number): void {
    this.rssBytes = rssBytes;
    if (this.#order !== null) this.#order.peakRssBytes = Math.max(this.#order.peakRssBytes ?? 0, rssBytes);
  }

  #tell(order: OrderUnderWay, report: TrialReport): void {
    order.begun = true;
    switch (report.type) {
      case "ready":
        this.rssBytes = report.baselineRssBytes;
        if (this.orders === 1) this.baselineBytes = report.baselineRssBytes;
        return order.watch.onReady(report.baselineRssBytes);
      case "epoch": {
        if (order.verdict !== null) return;
        const wrong = notFinite(report.summary);
        if (wrong === null) return order.watch.onEpoch(report.summary);
        order.verdict = { outcome: "diverged", message: wrong };
        return this.stop("interrupted");
      }
      case "result":
      case "error": {
        order.last = report;
        // Of an error the words on standard error are still on their way, and of an end that nobody asked for its reason.
        const asked = order.stop !== null || (report.type === "result" && report.result.stopped !== "aborted");
        this.#later(() => this.#child.kill({ graceMs: 0 }), SETTLE_MS);
        if (asked) this.#settle(null);
      }
    }
  }

  /** It is idle. */
  #rest(): void {
    if (this.state === "ended") return;
    this.#settle(null);
    clearTimeout(this.#timer);
    if (this.#ending) return; // what it says on its way out; another trial would end with it
    this.state = "idle";
    this.#options.onChange(this);
  }

  #leave(exit: ChildResult): void {
    clearTimeout(this.#timer);
    this.state = "ended";
    this.#settle(exit);
    this.#options.onChange(this);
  }

  /** A callback threw, or the process could not be started. */
  #break(error: unknown): void {
    const order = this.#order;
    this.#order = null;
    this.#child.kill({ graceMs: 0 });
    if (this.pid < 0) this.state = "ended";
    order?.reject(error);
    if (this.state === "ended") this.#options.onChange(this);
  }

  /** The order has ended. */
  #settle(exit: ChildResult | null): void {
    const order = this.#order;
    if (order === null) return;
    this.#order = null;
    if (this.state === "busy") this.state = "settling";
    const { last, stop, verdict, stderrTail, begun } = order;
    const killed = exit !== null && last === null && verdict === null && exit.reason === "signal";
    const end = attemptEnd({
      last,
      exit,
      verdict,
      stop,
      memory: killed ? order.watch.memoryReason(this) : null,
      stderrTail,
      seconds: (performance.now() - order.startMs) / 1000,
      peakRssBytes: order.peakRssBytes ?? (this.orders === 1 ? exit?.peakRssBytes ?? null : null),
    });
    // What ended a process that had served others, before it began with this one, is not this one's fault.
    const unbegun = this.orders > 1 && !begun && exit !== null && verdict === null && stop === null;
    order.resolve(unbegun ? { ...end, outcome: "lost", message: "its process ended before the trial began" } : end);
  }

  #print(text: string, stream: "stdout" | "stderr"): void {
    this.#printed += text.length;
    const order = this.#order;
    if (stream === "stderr" && order !== null) {
      order.stderrTail = (order.stderrTail + text).slice(-STDERR_TAIL_CHARACTERS);
    }
  }

  #later(action: () => void, delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }
}

/** JSON has no NaN, and a quantity without a value is no result: the first one in a summary, as a sentence. */
function notFinite({ epoch, trainLoss, validation }: EpochSummary): string | null {
  if (!Number.isFinite(trainLoss)) return `the training loss is ${trainLoss} in epoch ${epoch}`;
  const name = Object.keys(validation).find((name) => !Number.isFinite(validation[name]));
  return name === undefined
    ? null
    : `the metric ${name} is ${validation[name]} on the validation split in epoch ${epoch}`;
}
