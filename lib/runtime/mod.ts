// lib/runtime: executing graphs. A graph is compiled into a session of ONNX Runtime for one provider (session.ts): on the CPU
// its library is called directly (native/), elsewhere through onnxruntime-node (node_session.ts); a provider that the
// installed binary lacks is refused, never replaced (onnxruntime.ts). Where nodes really ran is measured (placement.ts); what CoreML
// would take is predicted on any machine (coverage/). tfjs/ interprets the same graph with
// tfjs's kernels, an independent second engine. machine.ts describes the machine that every measurement is tied to: chip,
// cores, memory, versions, nothing that names a person or a host.
// Sessions block the JavaScript thread while they compute, so trials and benchmarks run in child processes.
// Training steps are in lib/train, measurement in lib/bench.

export {
  COREML_DISABLED_OPTIMIZERS,
  COREML_UNITS,
  coreMlFlags,
  type CoreMlOptions,
  type CoreMlUnits,
} from "./coreml/options.ts";
export {
  coverage,
  type CoverageOptions,
  type CoverageReport,
  type CoverageTarget,
  type NodeCoverage,
} from "./coverage/coverage.ts";
export { type CoreTimes, coreTimes, idleShare, idleShareFor } from "./core_times.ts";
export { deviceError } from "./device_error.ts";
export {
  compileForDevice,
  type DeviceArray,
  type DeviceMemory,
  deviceMemory,
  type DeviceSession,
  type DeviceTuning,
  type DeviceValues,
} from "./device_session.ts";
export { optimizedModel } from "./optimized_model.ts";
export { machineFacts, type MachineReader, thisMachine, totalMemoryBytes } from "./machine.ts";
export { availableProviders, loadOnnxRuntime, type ProviderName, requireProvider } from "./onnxruntime.ts";
export { type GraphProfile, type OperatorTime, profile } from "./profile.ts";
export { type NodePlacement, type Placement, placement } from "./placement.ts";
export { ortTensor, sessionOptions } from "./node_session.ts";
export { inPrivateFolder } from "./coreml/private_folder.ts";
export { compileResident, type ResidentArray, type ResidentOptions, type ResidentSession } from "./resident.ts";
export { mallocBytes } from "./native/malloc.ts";
export { type OnnxFileOptions, openOnnxFile } from "./onnx_file.ts";
export { knownRefusal, type ProviderSupport, providerSupports } from "./provider_support.ts";
export {
  type ArrayData,
  type ArrayValue,
  type BoundRun,
  compile,
  type CompileOptions,
  type ExternalWeights,
  type ModelSession,
  OPTIMIZATION_LEVELS,
  type OptimizationLevel,
  readsSharedMemory,
  type Session,
} from "./session.ts";
export { type TfjsExecutor, tfjsExecutor, type TfjsOptions } from "./tfjs/executor.ts";
export { tfjsOperatorTypes } from "./tfjs/kernels.ts";
export { loadTfjs, TFJS_NODE_FOLDER, type TfjsBackendName, tfjsBackendName } from "./tfjs/load.ts";
export { warmUpEngine } from "./warm_up.ts";
