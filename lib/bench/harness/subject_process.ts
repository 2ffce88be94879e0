// The process of one subject with one provider configuration: it creates, runs once, checks, warms up and measures, and tells where
// it is. What is wrong is told and not timed.

import process from "node:process";
import { connectParent, ownMemory, PeakMemory } from "../../process/mod.ts";
import { coreTimes, warmUpEngine } from "../../runtime/mod.ts";
import { readValues } from "../infer_exchange.ts";
import type { TurnPlan } from "../turn_plan.ts";
import { wallClock } from "./clock.ts";
import { altered, compareOutputs, type Correctness } from "./correctness.ts";
import { type OpenedSubject, openSubject } from "./open_subject.ts";
import { REFERENCE, storeReference } from "./reference.ts";
import { type Call, callsPerSample, measureScenario, warmUp } from "./scenario.ts";
import type { Hooks, MeasureTask, Phase, Phases, SubjectMessage, SubjectTask } from "./task.ts";
import { Monitor } from "./windows.ts";

const parent = connectParent();
const tell = (message: SubjectMessage) => parent.send(message);
/** Who asks for turns expects an answer to each question, and nothing else. */
let tellsPhases = true;
const enter = (phase: Phase) => tellsPhases && tell({ kind: "phase", phase });

/** Between two messages on how far measuring is. */
const TELL_EVERY_MS = 250;
/** Least time over which the cores' clocks, which tick every 10 ms, say who took them. */
const LEAST_LOAD_MS = 300;

/** Opens the subject and runs it once; what that takes is told apart from what follows. */
async function open({ subject, open: how }: MeasureTask): Promise<{ opened: OpenedSubject; phases: Phases }> {
  const begin = performance.now();
  const { name } = how.provider;
  // A session of CoreML compiles its model each time: the engine's start is that of the library.
  if (name !== "tfjs") await warmUpEngine(name === "coreml" ? "cpu" : name);
  const engineMs = performance.now() - begin;
  const memory = new PeakMemory();
  enter("create");
  const created = performance.now();
  const opened = await openSubject(subject, how);
  const createMs = performance.now() - created;
  const loadBytes = ownMemory().rssBytes - memory.baselineRssBytes;
  enter("first run");
  const first = performance.now();
  await opened.call();
  const firstRunMs = performance.now() - first;
  await opened.call(); // the second one is what is timed and checked: with outputs in memory that stays
  const peakBytes = memory.end() - memory.baselineRssBytes;
  return { opened, phases: { engineMs, createMs, firstRunMs, loadBytes, peakBytes } };
}

async function check(opened: OpenedSubject, task: MeasureTask): Promise<Correctness | null> {
  enter("check");
  if (opened.check) return await opened.check();
  if (!opened.outputs) return null;
  const { alterOutputs } = task.hooks;
  const outputs = alterOutputs ? altered(opened.outputs(), alterOutputs) : opened.outputs();
  const { bound, reference, subject } = task;
  return { reference, bound, ...compareOutputs(readValues(subject.folder, REFERENCE), outputs) };
}

/** A call that takes longer than it does, for controls. */
function slowed(call: Call, { slowdown = 0 }: Hooks): Call {
  if (slowdown === 0) return call;
  return async () => {
    const before = performance.now();
    await call();
    const until = performance.now() + (performance.now() - before) * slowdown;
    while (performance.now() < until);
  };
}

/** Takes each sample, of `repeat` calls, and tells now and then how far measuring is. */
function callTeller(repeat: number): (count: number, callMs: number, elapsedMs: number) => void {
  let told = { atMs: -Infinity, count: 0 };
  let sumMs = 0;
  return (count, callMs, elapsedMs) => {
    sumMs += callMs;
    if (elapsedMs - told.atMs < TELL_EVERY_MS) return;
    tell({ kind: "calls", calls: { count: count * repeat, elapsedMs, callMs: sumMs / (count - told.count) } });
    told = { atMs: elapsedMs, count };
    sumMs = 0;
  };
}

async function measure(call: Call, task: SubjectTask & { kind: "measure" }, phases: Phases): Promise<void> {
  const { scenario, limits, subject, warmUpMs, warmUpCalls, leastSampleMs } = task;
  enter("warm-up");
  const warm = await warmUp(call, { clock: wallClock, maxMs: warmUpMs, calls: warmUpCalls });
  const repeat = scenario.name === "server" ? 1 : callsPerSample(warm.callMs, leastSampleMs);
  const monitor = new Monitor(subject.batchSize * repeat, () => ownMemory().rssBytes);
  const tellCalls = callTeller(repeat);
  enter("measure");
  const [cores, own] = [coreTimes(), process.cpuUsage()];
  const { callMs, latencyMs, elapsedMs, stopped } = await measureScenario(call, scenario, {
    limits,
    clock: wallClock,
    callsPerSample: repeat,
    onSample: (count, ms, elapsed) => {
      monitor.add(ms, elapsed);
      tellCalls(count, ms, elapsed);
    },
  });
  const used = process.cpuUsage(own);
  const after = coreTimes();
  monitor.end(elapsedMs);
  const totalMs = after.total - cores.total;
  const busyMs = totalMs - (after.idle - cores.idle);
  const others = totalMs > 0 ? Math.max(0, busyMs - (used.user + used.system) / 1000) / totalMs : null;
  tell({
    kind: "done",
    samples: {
      ...phases,
      warmUp: warm,
      callsPerSample: repeat,
      callMs: Float64Array.from(callMs),
      latencyMs: latencyMs && Float64Array.from(latencyMs),
      elapsedMs,
      stopped,
      windows: monitor.windows,
      othersShare: elapsedMs >= LEAST_LOAD_MS ? others : null,
    },
  });
}

async function tellPlacement(placement: NonNullable<OpenedSubject["placement"]>): Promise<void> {
  const found = await placement().catch((error: Error) => error.message.split("\n")[0]);
  tell({ kind: "placed", placement: found });
}

async function takeTurn(call: Call, { settle, steps, repeat }: Omit<TurnPlan, "rounds">): Promise<Float64Array> {
  for (let i = 0; i < settle * repeat; i++) await call();
  const samplesMs = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    const before = performance.now();
    for (let k = 0; k < repeat; k++) await call();
    samplesMs[i] = (performance.now() - before) / repeat;
  }
  return samplesMs;
}

async function work(task: SubjectTask, requests: AsyncIterator<unknown>): Promise<void> {
  if (task.kind === "reference") return tell({ kind: "reference", reference: await storeReference(task.subject) });
  tellsPhases = task.kind === "measure";
  const { opened, phases } = await open(task);
  const correctness = await check(opened, task);
  tell({ kind: "opened", phases, correctness, fallback: opened.fallback ?? false });
  if (correctness && !(correctness.relativeError <= correctness.bound)) return;
  const call = slowed(opened.call, task.hooks);
  if (task.kind === "measure") {
    await measure(call, task, phases);
    if (task.placement && opened.placement) await tellPlacement(opened.placement);
  } else {
    for (let next = await requests.next(); !next.done; next = await requests.next()) {
      parent.send({ samplesMs: await takeTurn(call, next.value as Omit<TurnPlan, "rounds">) });
    }
  }
  await opened.release?.();
}

enter("start");
const requests = parent.messages[Symbol.asyncIterator]();
const { value } = await requests.next();
await work(value as SubjectTask, requests);
process.exit(0);
