// ONNX Runtime's C interface, called in the library file that comes with onnxruntime-node. The binding for Node copies every
// output into a new buffer, also when it was computed into memory of ours: for a training step that is a copy of all
// gradients. Here nothing is copied, and a call costs a few microseconds instead of about seventy.
//
// The functions stand in a table whose order never changes (onnxruntime_c_api.h: "All enums and entries must be at the end").

import { existsSync } from "node:fs";
import process from "node:process";
import { projectPath } from "../../process/mod.ts";
import { cString, type Foreign, foreignInterface, type ForeignType, type Pointer } from "./foreign.ts";

/** Library files by platform: those that onnxruntime-node's own binding loads, so that a process has one copy of it. */
const LIBRARY_FILES: Readonly<Record<string, string>> = {
  "linux-x64": "libonnxruntime.so.1",
  "linux-arm64": "libonnxruntime.so.1",
  "darwin-arm64": "libonnxruntime.1.dylib",
};
/** The table is asked for at the version that this file was written against; newer libraries still serve it. */
const API_VERSION = 20;
const POINTER_BYTES = 8;
const GET_API = 0;

type Signature = readonly [index: number, parameters: readonly ForeignType[], result: ForeignType];

/** The used entries of `OrtApi`: place in the table, parameters, result. Handles and addresses travel as integers. */
const FUNCTIONS = {
  GetErrorMessage: [2, ["pointer"], "pointer"],
  CreateEnv: [3, ["i32", "buffer", "buffer"], "pointer"],
  CreateSession: [7, ["u64", "buffer", "u64", "buffer"], "pointer"],
  CreateSessionFromArray: [8, ["u64", "buffer", "usize", "u64", "buffer"], "pointer"],
  Run: [9, ["u64", "u64", "buffer", "buffer", "usize", "buffer", "usize", "buffer"], "pointer"],
  CreateSessionOptions: [10, ["buffer"], "pointer"],
  DisableMemPattern: [17, ["u64"], "pointer"],
  DisableCpuMemArena: [19, ["u64"], "pointer"],
  SetSessionLogSeverityLevel: [22, ["u64", "i32"], "pointer"],
  SetSessionGraphOptimizationLevel: [23, ["u64", "i32"], "pointer"],
  SetIntraOpNumThreads: [24, ["u64", "i32"], "pointer"],
  CreateTensorWithDataAsOrtValue: [49, ["u64", "u64", "usize", "buffer", "usize", "i32", "buffer"], "pointer"],
  GetTensorMutableData: [51, ["u64", "buffer"], "pointer"],
  GetTensorElementType: [60, ["u64", "buffer"], "pointer"],
  GetDimensionsCount: [61, ["u64", "buffer"], "pointer"],
  GetDimensions: [62, ["u64", "buffer", "usize"], "pointer"],
  GetTensorTypeAndShape: [65, ["u64", "buffer"], "pointer"],
  CreateCpuMemoryInfo: [69, ["i32", "i32", "buffer"], "pointer"],
  ReleaseStatus: [93, ["pointer"], "void"],
  ReleaseSession: [95, ["u64"], "void"],
  ReleaseValue: [96, ["u64"], "void"],
  ReleaseTensorTypeAndShapeInfo: [99, ["u64"], "void"],
  ReleaseSessionOptions: [100, ["u64"], "void"],
  AddSessionConfigEntry: [130, ["u64", "buffer", "buffer"], "pointer"],
  RunWithBinding: [133, ["u64", "u64", "u64"], "pointer"],
  CreateIoBinding: [134, ["u64", "buffer"], "pointer"],
  ReleaseIoBinding: [135, ["u64"], "void"],
  BindInput: [136, ["u64", "buffer", "u64"], "pointer"],
  BindOutput: [137, ["u64", "buffer", "u64"], "pointer"],
} as const satisfies Record<string, Signature>;

type FunctionName = keyof typeof FUNCTIONS;

/** The library, opened. */
export interface OnnxRuntimeC {
  readonly foreign: Foreign;
  /** The process's environment and the description of its own memory: handles, never released. */
  readonly environment: bigint;
  readonly cpuMemory: bigint;
  /** Calls a function of the table. @throws {Error} with ONNX Runtime's message when it reports a failure */
  call(name: FunctionName, ...values: unknown[]): void;
  /** Calls a function whose last parameter receives a handle or address. */
  create(name: FunctionName, ...values: unknown[]): bigint;
}

let opened: OnnxRuntimeC | null | undefined;

/** The library's C interface, or null where the host cannot call foreign functions or there is no library for it. */
export function onnxRuntimeC(): OnnxRuntimeC | null {
  if (opened === undefined) opened = openLibrary();
  return opened;
}

function openLibrary(): OnnxRuntimeC | null {
  const foreign = foreignInterface();
  const file = LIBRARY_FILES[`${process.platform}-${process.arch}`];
  if (foreign === null || file === undefined) return null;
  const folder = projectPath("node_modules", "onnxruntime-node", "bin", "napi-v6", process.platform, process.arch);
  if (!existsSync(`${folder}/${file}`)) return null;
  const functions = functionTable(foreign, `${folder}/${file}`);
  const call = (name: FunctionName, ...values: unknown[]): void => {
    const status = functions[name].call(...values) as Pointer;
    if (status) throw failure(foreign, functions, status);
  };
  const create = (name: FunctionName, ...values: unknown[]): bigint => {
    const result = new BigUint64Array(1);
    call(name, ...values, result);
    return result[0];
  };
  const [errorsOnly, deviceAllocator, defaultMemory] = [3, 0, 0];
  const environment = create("CreateEnv", errorsOnly, cString("latent-lab"));
  return {
    foreign,
    call,
    create,
    environment,
    cpuMemory: create("CreateCpuMemoryInfo", deviceAllocator, defaultMemory),
  };
}

type FunctionTable = Record<FunctionName, { call(...values: unknown[]): unknown }>;

function functionTable(foreign: Foreign, path: string): FunctionTable {
  const library = foreign.dlopen(path, { OrtGetApiBase: { parameters: [], result: "pointer" } });
  const at = (table: Pointer, index: number) =>
    foreign.UnsafePointer.create(new foreign.UnsafePointerView(table).getBigUint64(index * POINTER_BYTES));
  const base = library.symbols.OrtGetApiBase() as Pointer;
  const getApi = new foreign.UnsafeFnPointer(at(base, GET_API), { parameters: ["u32"], result: "pointer" });
  const api = getApi.call(API_VERSION) as Pointer;
  const entries = Object.entries(FUNCTIONS as Record<string, Signature>).map(([name, [index, parameters, result]]) =>
    [name, new foreign.UnsafeFnPointer(at(api, index), { parameters, result })] as const
  );
  return Object.fromEntries(entries) as FunctionTable;
}

function failure(foreign: Foreign, functions: FunctionTable, status: Pointer): Error {
  const message = functions.GetErrorMessage.call(status) as Pointer;
  const text = new foreign.UnsafePointerView(message).getCString();
  functions.ReleaseStatus.call(status);
  return new Error(text);
}
