// Opening a subject for one provider configuration: from then on it can be called.

import { join } from "node:path";
import { type ArrayValue, deserializeGraph, type DType, forCoreMl } from "../../graph/mod.ts";
import {
  compile,
  type CompileOptions,
  inPrivateFolder,
  loadOnnxRuntime,
  type OptimizationLevel,
  ortTensor,
  requireProvider,
  type Session,
  sessionOptions,
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
  if (graph && provider.name !== "webgpu") {
    const weights = readValues(folder, "weights");
    const model = deserializeGraph(graph);
    if (provider.name === "coreml") {
      const coreml = { units: provider.units };
      const settings = { provider: provider.name, coreml, threads, weights, optimization };
      const { made, fallback } = await wholeOrMixed((refuseCpuFallback) =>
        compile(forCoreMl(model), { ...settings, refuseCpuFallback } satisfies CompileOptions)
      );
      return { ...inSession(made, feeds, options.outputs), fallback };
    }
    const session = provider.name === "cpu"
      ? await compile(model, { threads, weights, optimization })
      : await tfjsExecutor(model, { threads, weights, backend: provider.backend });
    return inSession(session, feeds, options.outputs);
  }
  if (provider.name === "tfjs") {
    throw new Error("Cannot run a file with tfjs: it interprets graphs of this library only");
  }
  return await openModel(join(folder, MODEL_FILE), feeds, { provider, threads, optimization });
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
function inSession(session: Session, feeds: Record<string, ArrayValue>, memory: OutputMemory): OpenedSubject {
  let outputs: Record<string, ArrayValue> | null = null;
  const fresh = async () => {
    outputs = await session.run(feeds);
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

/** How a model's bytes are run by ONNX Runtime as they are, through onnxruntime-node. */
interface ModelRun {
  provider: ProviderConfig;
  threads: number;
  /** Default `all`; `disabled` computes each node as the file has it. */
  optimization?: OptimizationLevel;
}

/** Opens an .onnx file. */
export async function openModel(
  path: string,
  feeds: Record<string, ArrayValue>,
  { provider, threads, optimization }: ModelRun,
): Promise<OpenedSubject> {
  if (provider.name === "tfjs") throw new Error("internal: tfjs runs no files");
  await requireProvider(provider.name);
  const ort = await loadOnnxRuntime();
  const settings = {
    ...sessionOptions({
      provider: provider.name,
      threads,
      config: {},
      optimization,
      ...(provider.name === "coreml" && { coreml: { units: provider.units } }),
    }),
    logSeverityLevel: 4 as const,
  };
  const create = (refuseCpuFallback: boolean) => {
    const { session, ...extra } = settings.extra as { session: Record<string, string> };
    const config = { ...session, ...(refuseCpuFallback && { disable_cpu_ep_fallback: "1" }) };
    return ort.InferenceSession.create(path, { ...settings, extra: { ...extra, session: config } });
  };
  const { made: whole, delete: clear } = provider.name === "coreml"
    ? await inPrivateFolder(() => wholeOrMixed(create))
    : {
      made: provider.name === "cpu" ? { made: await create(false), fallback: false } : await wholeOrMixed(create),
      delete: () => {},
    };
  const { made: session, fallback } = whole;
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, ortTensor(ort, value)]));
  type Results = Awaited<ReturnType<typeof session.run>>;
  let last: Results | null = null;
  return {
    fallback,
    // Results are kept until the next call, whose memory they then do not pile up with.
    call: async () => {
      const before = last;
      last = await session.run(inputs);
      if (before) freeResults(before);
    },
    outputs: () =>
      Object.fromEntries(
        Object.entries(last!).map(([name, { type, dims, data }]) => [name, valueOf(type, dims, data)]),
      ),
    release: async () => {
      await session.release();
      clear();
    },
  };
}

function valueOf(type: string, shape: readonly number[], data: unknown): ArrayValue {
  const { buffer, byteOffset, length } = data as Uint16Array;
  return {
    dtype: type as DType,
    shape,
    data: type === "float16" ? new Uint16Array(buffer, byteOffset, length) : data as Float32Array,
  };
}

/** Gives memory back now, which the collector would do later, in the middle of a sample. */
function freeResults(results: Readonly<Record<string, { data: unknown }>>): void {
  for (const { data } of Object.values(results)) {
    const { buffer } = data as Float32Array;
    (buffer as { transfer?: (length: number) => ArrayBuffer }).transfer?.(0);
  }
}
