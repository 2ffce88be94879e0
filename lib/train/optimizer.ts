// Optimizers and learning-rate schedules as plain data: part of a trial's definition, checked where they are written.

/** Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019), with PyTorch's order of operations. */
export interface OptimizerSpec {
  readonly kind: "adam" | "adamW";
  /** Greater than 0. */
  readonly learningRate: number;
  /** Decay of the first moment, in [0, 1). */
  readonly beta1: number;
  /** Decay of the second moment, in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the second moment; greater than 0. */
  readonly epsilon: number;
  /** Adam: times the parameter, added to the gradient. AdamW: fraction of the parameter lost a step, times the rate. */
  readonly weightDecay: number;
}

/** What may be left to its default: beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0 (adamW: 0.01). */
export type OptimizerOptions = Pick<OptimizerSpec, "learningRate"> & Partial<Omit<OptimizerSpec, "kind">>;

/**
 * Adam; a weight decay is added to the gradient.
 *
 * @throws {RangeError} for a value outside its range
 */
export function adam(options: OptimizerOptions): OptimizerSpec {
  return checked({ kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options });
}

/** AdamW; the weight decay acts on the parameter itself. */
export function adamW(options: OptimizerOptions): OptimizerSpec {
  return checked({ kind: "adamW", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, ...options });
}

function checked(spec: OptimizerSpec): OptimizerSpec {
  const expect = (name: keyof OptimizerSpec, range: string, holds: (value: number) => boolean) => {
    const value = spec[name] as number;
    if (!holds(value)) throw new RangeError(`Cannot use ${spec.kind}: expected ${name} ${range}, got ${value}`);
  };
  expect("learningRate", "above 0", (value) => value > 0 && Number.isFinite(value));
  expect("beta1", "in [0, 1)", (value) => value >= 0 && value < 1);
  expect("beta2", "in [0, 1)", (value) => value >= 0 && value < 1);
  expect("epsilon", "above 0", (value) => value > 0 && Number.isFinite(value));
  expect("weightDecay", "of at least 0", (value) => value >= 0 && Number.isFinite(value));
  return spec;
}

/** Factor on the learning rate over the steps of a run. */
export type ScheduleSpec =
  | { readonly kind: "constant" }
  /** Half a cosine from 1 to `finalFactor` (Loshchilov & Hutter 2017), after a linear warm-up. */
  | { readonly kind: "cosine"; readonly warmupSteps?: number; readonly finalFactor?: number }
  /** A line from 1 to `finalFactor`, after a linear warm-up. */
  | { readonly kind: "linear"; readonly warmupSteps?: number; readonly finalFactor?: number };

/**
 * The factor at a step.
 *
 * @param step counted from 0
 * @param totalSteps of the whole run
 */
export function scheduleFactor(schedule: ScheduleSpec, step: number, totalSteps: number): number {
  if (schedule.kind === "constant") return 1;
  const { warmupSteps = 0, finalFactor = 0 } = schedule;
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const remaining = schedule.kind === "cosine" ? (1 + Math.cos(Math.PI * progress)) / 2 : 1 - progress;
  return finalFactor + (1 - finalFactor) * remaining;
}
