// Opening a subject for one provider configuration: from then on it can be called.

import { join } from "node:path";
import { type ArrayValue, deserializeGraph, forCoreMl } from "../../graph/mod.ts";
import {
  compile,
  type CompileOptions,
  type ModelSession,
  type OnnxFileOptions,
  openOnnxFile,
  type OptimizationLevel,
  type Placement,
  placement,
  tfjsExecutor,
} from "../../runtime/mod.ts";
import { MODEL_FILE, readValues } from "../infer_exchange.ts";
import { type Correctness } from "./correctness.ts";
import { openModule } from "./open_module.ts";
import type { ProviderConfig } from "./provider.ts";
import type { PreparedSubject } from "./subject.ts";
import type { Call } from "./scenario.ts";

/** A subject that can be called. What a module's `open(options)` gives. */
export interface OpenedSubject {
  call: Call;
  /** Results of the last call, which are compared with the reference. */
  outputs?(): Record<string, ArrayValue>;
  /** A module's own check of its results, instead of `outputs`. */
  check?(): Correctness | Promise<Correctness>;
  /** Whether part of the model runs on the CPU although another provider was asked for. */
  fallback?: boolean;
  /** Which provider runs each node, by one more run of a session of its own; absent where there is only the CPU. */
  placement?(): Promise<Placement>;
  release?(): Promise<void> | void;
}

/** Where the results of calls go: into the same memory at each call, or into new memory. */
export type OutputMemory = "bound" | "fresh";

/** How a subject is opened. */
export interface OpenOptions {
  provider: ProviderConfig;
  threads: number;
  outputs: OutputMemory;
}

/** Opens a subject. */
export async function openSubject(subject: PreparedSubject, options: OpenOptions): Promise<OpenedSubject> {
  const { graph, module, folder, optimization } = subject;
  if (module) return await openModule(module, options);
  const feeds = readValues(folder, "inputs");
  const { provider, threads } = options;
  if (graph) {
    const weights = readValues(folder, "weights");
    const model = deserializeGraph(graph);
    if (provider.name === "coreml" || provider.name === "webgpu") {
      const coreml = provider.name === "coreml" ? { units: provider.units } : undefined;
      const written = provider.name === "coreml" ? forCoreMl(model) : model;
      const settings = { provider: provider.name, coreml, threads, weights, optimization };
      const { made, fallback } = await wholeOrMixed((refuseCpuFallback) =>
        compile(written, { ...settings, refuseCpuFallback } satisfies CompileOptions)
      );
      return {
        ...inSession(made, feeds, { memory: options.outputs, frees: true }),
        fallback,
        placement: () => placement(written, feeds, settings),
      };
    }
    const session = provider.name === "cpu"
      ? await compile(model, { threads, weights, optimization })
      : await tfjsExecutor(model, { threads, weights, backend: provider.backend });
    return inSession(session, feeds, { memory: options.outputs });
  }
  if (provider.name === "tfjs") {
    throw new Error("Cannot run a file with tfjs: it interprets graphs of this library only");
  }
  return await openModel(join(folder, MODEL_FILE), feeds, { ...options, optimization });
}

/** A session that leaves nothing to the CPU; where there is none, one that does, and says so. */
async function wholeOrMixed<T>(create: (refuseCpuFallback: boolean) => Promise<T>) {
  try {
    return { made: await create(true), fallback: false };
  } catch (error) {
    if (!/fallback to CPU EP has been explicitly disabled|for CoreML alone/.test(String(error))) throw error;
    return { made: await create(false), fallback: true };
  }
}

/** A session's calls; the first of them fixes the memory. */
function inSession(
  session: ModelSession,
  feeds: Record<string, ArrayValue>,
  { memory, frees = false }: { memory: OutputMemory; frees?: boolean },
): OpenedSubject {
  let outputs: Record<string, ArrayValue> | null = null;
  const fresh = async () => {
    const before = outputs;
    outputs = await session.run(feeds);
    // Results are kept until the next call, whose memory they then do not pile up with.
    if (frees && before) freeResults(before);
  };
  let call: Call = fresh;
  return {
    call: async () => {
      await call();
      if (call === fresh && memory === "bound") {
        const bound = session.bind(feeds, outputs!);
        call = () => bound.run();
      }
    },
    outputs: () => outputs!,
    release: () => session.release(),
  };
}

/** How a model's bytes are run by ONNX Runtime as they are. */
interface ModelRun extends OpenOptions {
  /** Default `all`; `disabled` computes each node as the file has it. */
  optimization?: OptimizationLevel;
}

/** Opens an .onnx file. */
export async function openModel(
  path: string,
  feeds: Record<string, ArrayValue>,
  { provider, threads, outputs, optimization }: ModelRun,
): Promise<OpenedSubject> {
  if (provider.name === "tfjs") throw new Error("internal: tfjs runs no files");
  const settings: OnnxFileOptions = {
    provider: provider.name,
    threads,
    optimization,
    ...(provider.name === "coreml" && { coreml: { units: provider.units } }),
  };
  const { made, fallback } = provider.name === "cpu"
    ? { made: await openOnnxFile(path, settings), fallback: false }
    : await wholeOrMixed((refuseCpuFallback) => openOnnxFile(path, { ...settings, refuseCpuFallback }));
  return {
    ...inSession(made, feeds, { memory: outputs, frees: true }),
    fallback,
    ...(provider.name !== "cpu" && { placement: () => placement(path, feeds, settings) }),
  };
}

/** Gives memory back now, which the collector would do later, in the middle of a sample. */
function freeResults(results: Readonly<Record<string, { data: unknown }>>): void {
  for (const { data } of Object.values(results)) {
    const { buffer } = data as Float32Array;
    (buffer as { transfer?: (length: number) => ArrayBuffer }).transfer?.(0);
  }
}
