// One training step on the GPU (WebGPU through ONNX Runtime; Metal on a Mac, Vulkan on Linux): a single graph computes loss,
// gradients and the optimizer's update. State stays in two sets of buffers on the device, one read and one written by a
// step; they then change places. The data is there too when it fits: then only the numbers of the batch's rows and two or three
// scalars go there, and only the loss comes back.

import { bindDimensions, foldConstants, type Graph, type Parameter } from "../graph/mod.ts";
import { initialValues } from "../nn/mod.ts";
import {
  type ArrayValue,
  type BoundRun,
  compileForDevice,
  type DeviceArray,
  type DeviceMemory,
  deviceMemory,
  type DeviceSession,
  type DeviceTuning,
} from "../runtime/mod.ts";
import type { Stepper, StepperOptions } from "./cpu_stepper.ts";
import { fillParameters, float32 } from "./sized_steps.ts";
import { type BatchRows, fillBatch } from "./training_data.ts";
import { type ResidentColumns, residentColumns, ROWS } from "./webgpu_columns.ts";
import {
  nextName,
  type ParameterGroup,
  STATE_REGIONS,
  stateName,
  type StateRegion,
  type StepGraph,
  stepGraph,
  stepScalars,
} from "./webgpu_step_graph.ts";

/** Largest flat tensor: half of what WebGPU guarantees to be able to bind. */
const DEFAULT_GROUP_BYTES = 64 * 2 ** 20;

type Arrays = Record<string, DeviceArray>;

/**
 * Prepares training of a loss graph on the GPU.
 *
 * @param options as for the CPU, but `threads` has no effect, and `memoryLimitBytes` bounds a flat tensor of several
 *   parameters (default 64 MiB; 1 keeps each parameter on its own)
 * @throws {TypeError} when the graph has no trainable parameter, or one that is not float32
 * @throws {Error} when there is no GPU, or an operator without a WebGPU kernel: the message names the node
 */
export async function webgpuStepper(
  lossGraph: Graph,
  options: StepperOptions,
  tuning: DeviceTuning = {},
): Promise<Stepper> {
  const { batchSize, sizes, optimizer, segments, frozen, memoryLimitBytes = DEFAULT_GROUP_BYTES } = options;
  const fixed = bindDimensions(lossGraph, { batch: batchSize, ...sizes });
  checkTypes(fixed);
  checkOptions(options);
  const resident = residentColumns(fixed, options);
  const built = stepGraph(fixed, { optimizer, groupValues: memoryLimitBytes / 4, segments, batch: resident.batch });
  const weights = frozenValues(fixed, options);
  const memory = await deviceMemory();
  // Where weights are read from files ONNX Runtime folds nothing.
  const whole = frozen?.external ? foldConstants(built.graph) : built.graph;
  const session = await compileForDevice(whole, { weights, external: frozen?.external, ...tuning });
  try {
    const first = await memory.upload(initialState(built.groups, options));
    const second = await memory.upload(emptyState(built.groups));
    const hasColumns = Object.keys(resident.columns).length > 0;
    const columns = hasColumns ? await memory.upload(resident.columns) : {};
    const parts = { built, fixed, options, session, memory, weights, resident, columns };
    return new WebGpuStepper(parts, [first, second]);
  } catch (error) {
    await session.release();
    await memory.release();
    throw error;
  }
}

function checkTypes({ name, inputs, parameters }: Graph): void {
  const trained = parameters.filter(({ source }) => source.trainable);
  if (trained.length === 0) throw new TypeError(`Cannot train ${name}: it has no trainable parameter`);
  const named = [...Object.entries(inputs), ...trained.map((leaf) => [leaf.source.name, leaf] as const)];
  for (const [leaf, { dtype }] of named) {
    if (dtype !== "float32") throw new TypeError(`Cannot train ${name}: expected ${leaf} in float32, got ${dtype}`);
  }
}

/** Refuses what only the engines that keep their state in host memory can do. */
function checkOptions({ accumulationSteps = 1, maxGradientNorm }: StepperOptions): void {
  const refused = accumulationSteps > 1 ? "accumulationSteps above 1" : maxGradientNorm ? "maxGradientNorm" : null;
  if (refused) throw new TypeError(`Cannot train on WebGPU with ${refused}: use engine "cpu" or "tfjs"`);
}

/** Values of parameters that are not trained, those in files left out: as they are given, or drawn. */
function frozenValues({ parameters }: Graph, { frozen, seed }: StepperOptions): Record<string, ArrayValue> {
  const inMemory = parameters.filter(({ source: { name, trainable } }) =>
    !trainable && !frozen?.external?.tensors[name]
  );
  return Object.fromEntries(inMemory.map((leaf) => {
    const { name } = leaf.source;
    return [name, frozen?.parameters[name] ?? float32(leaf.shape as number[], initialValues(leaf, seed))];
  }));
}

/** Flat tensors of each region and group, filled by `fill`. */
function flatState(
  groups: readonly ParameterGroup[],
  fill: (region: StateRegion, parameter: Parameter, target: Float32Array) => void,
): Record<string, ArrayValue> {
  const named = STATE_REGIONS.flatMap((region) =>
    groups.map(({ members, count }, i) => {
      const data = new Float32Array(count);
      for (const { parameter, start, count } of members) fill(region, parameter, data.subarray(start, start + count));
      return [stateName(region, i), float32([count], data)] as const;
    })
  );
  return Object.fromEntries(named);
}

const emptyState = (groups: readonly ParameterGroup[]) => flatState(groups, () => {});

function initialState(groups: readonly ParameterGroup[], { seed, initial }: StepperOptions) {
  const parameters = groups.flatMap(({ members }) => members.map(({ parameter }) => parameter));
  return flatState(groups, (region, parameter, target) => {
    if (region !== "parameter") return;
    const { name } = parameter.source;
    const weights = { [name]: float32(parameter.shape as number[], target) };
    fillParameters(parameters, weights, { seed, initial });
  });
}

interface Parts {
  built: StepGraph;
  fixed: Graph;
  options: StepperOptions;
  session: DeviceSession;
  memory: DeviceMemory;
  /** Frozen parameters. */
  weights: Readonly<Record<string, ArrayValue>>;
  resident: ResidentColumns;
  /** The resident columns on the device. */
  columns: Arrays;
}

class WebGpuStepper implements Stepper {
  readonly batch: Readonly<Record<string, Float32Array>>;
  readonly #parts: Parts;
  readonly #batchValues: Readonly<Record<string, ArrayValue>>;
  /** Rows of the resident columns. */
  readonly #rows: Int32Array;
  readonly #scalars: Readonly<Record<string, Float32Array>>;
  readonly #loss = new Float32Array(1);
  /** State that the next step reads, and the one that it writes. */
  #states: [Arrays, Arrays];
  /** Steps from the first state to the second, and back. */
  #runs: [BoundRun, BoundRun];

  constructor(parts: Parts, states: [Arrays, Arrays]) {
    this.#parts = parts;
    const { fixed, resident, options } = parts;
    const batch = Object.entries(fixed.inputs).filter(([, tensor]) => !resident.batch.has(tensor))
      .map(([name, { shape }]) => [name, float32(shape as number[])] as const);
    this.#batchValues = Object.fromEntries(batch);
    this.batch = Object.fromEntries(batch.map(([name, { data }]) => [name, data]));
    this.#rows = new Int32Array(options.batchSize);
    const scalars = stepScalars(options.optimizer, { step: 1, learningRate: 1 });
    this.#scalars = Object.fromEntries(Object.keys(scalars).map((name) => [name, new Float32Array(1)]));
    this.#states = states;
    this.#runs = this.#bind();
  }

  load({ rows, step }: BatchRows): void {
    const { resident, options } = this.#parts;
    if (rows.length !== this.#rows.length) {
      throw new RangeError(`Cannot load a batch: expected ${this.#rows.length} rows, got ${rows.length}`);
    }
    // The device would read the nearest row instead.
    for (const { shape: [count] } of Object.values(resident.columns)) {
      const outside = rows.find((row) => row >= count);
      if (outside !== undefined) {
        throw new RangeError(`Cannot load a batch: expected rows below ${count}, got ${outside}`);
      }
    }
    this.#rows.set(rows);
    fillBatch(this.batch, options.columns ?? {}, { rows, step });
  }

  async step({ step, learningRate }: { step: number; learningRate: number }): Promise<number> {
    const scalars = stepScalars(this.#parts.options.optimizer, { step, learningRate });
    for (const [name, value] of Object.entries(scalars)) this.#scalars[name][0] = value;
    await this.#runs[0].run();
    const [loss] = this.#loss;
    if (!Number.isFinite(loss)) {
      throw new RangeError(`Training diverged: the loss is ${loss} at step ${step} with learning rate ${learningRate}`);
    }
    this.#states.reverse();
    this.#runs.reverse();
    return loss;
  }

  accumulate(): Promise<void> {
    throw new TypeError('Cannot accumulate gradients on WebGPU: use engine "cpu" or "tfjs"');
  }

  async readParameters(): Promise<Record<string, ArrayValue>> {
    const trained = Object.entries(await this.#read(["parameter"]))
      .map(([name, value]) => [name.slice("parameter/".length), value] as const);
    return { ...Object.fromEntries(trained), ...this.#parts.weights };
  }

  readState(): Promise<Record<string, ArrayValue>> {
    return this.#read(STATE_REGIONS);
  }

  async writeState(state: Readonly<Record<string, ArrayValue>>): Promise<void> {
    const { memory, built } = this.#parts;
    const values = flatState(built.groups, (region, { source }, target) => {
      target.set(stateValue(state, { name: `${region}/${source.name}`, count: target.length }));
    });
    const written = await memory.upload(values);
    memory.free(Object.values(this.#states[0]));
    this.#states[0] = written;
    this.#runs = this.#bind();
  }

  async release(): Promise<void> {
    const { memory, session, columns } = this.#parts;
    for (const arrays of [...this.#states, columns]) memory.free(Object.values(arrays));
    await session.release();
    await memory.release();
  }

  #bind(): [BoundRun, BoundRun] {
    const { session, built, columns } = this.#parts;
    const scalars = Object.entries(this.#scalars).map(([name, data]) => [name, float32([], data)] as const);
    const rows = { dtype: "int32", shape: [this.#rows.length], data: this.#rows } as const;
    const resident = { ...columns, ...(Object.keys(columns).length > 0 && { [ROWS]: rows }) };
    const feeds = { ...this.#batchValues, ...resident, ...Object.fromEntries(scalars) };
    const [first, second] = this.#states;
    const to = (state: Arrays) => {
      const named = STATE_REGIONS.flatMap((region) =>
        built.groups.map((_, i) => [nextName(region, i), state[stateName(region, i)]] as const)
      );
      return { loss: float32([], this.#loss), ...Object.fromEntries(named) };
    };
    return [session.bind({ ...feeds, ...first }, to(second)), session.bind({ ...feeds, ...second }, to(first))];
  }

  /** Copies of the state by `REGION/NAME`. */
  async #read(regions: readonly StateRegion[]): Promise<Record<string, ArrayValue>> {
    const { memory, built } = this.#parts;
    const [state] = this.#states;
    const wanted = regions.flatMap((region) => built.groups.map((_, i) => stateName(region, i)));
    const flat = await memory.download(Object.fromEntries(wanted.map((name) => [name, state[name]])));
    const named = regions.flatMap((region) =>
      built.groups.flatMap(({ members }, i) => {
        const data = flat[stateName(region, i)].data as Float32Array;
        return members.map(({ parameter, start, count }) =>
          [
            `${region}/${parameter.source.name}`,
            float32(parameter.shape as number[], data.subarray(start, start + count)),
          ] as const
        );
      })
    );
    return Object.fromEntries(named);
  }
}

function stateValue(
  state: Readonly<Record<string, ArrayValue>>,
  { name, count }: { name: string; count: number },
): Float32Array {
  const value = state[name];
  if (!value) throw new TypeError(`Cannot write state: expected ${name}, got none`);
  if (value.dtype !== "float32" || value.data.length !== count) {
    const got = `${value.dtype} with ${value.data.length} values`;
    throw new TypeError(`Cannot write state: expected ${name} in float32 with ${count} values, got ${got}`);
  }
  return value.data as Float32Array;
}
