// Optimizers and learning-rate schedules as plain data: part of a trial's definition, checked where they are written.

/** Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019), or AdamW with moments of 8 bits (after Dettmers et al. 2022). */
export interface AdamSpec {
  readonly kind: "adam" | "adamW" | "adam8bit";
  /** Greater than 0. */
  readonly learningRate: number;
  /** Decay of the first moment, in [0, 1). */
  readonly beta1: number;
  /** Decay of the second moment, in [0, 1). */
  readonly beta2: number;
  /** Added to the root of the second moment; greater than 0. */
  readonly epsilon: number;
  /** Adam: times the parameter, added to the gradient. Else: fraction of the parameter lost a step, times the rate. */
  readonly weightDecay: number;
  /** Whether moments are divided by what they lack in the first steps, as Kingma and Ba have it; MLX leaves it out. Default true. */
  readonly biasCorrection?: boolean;
}

/** Stochastic gradient descent with momentum (Sutskever et al. 2013), as PyTorch computes it. */
export interface SgdSpec {
  readonly kind: "sgd";
  /** Greater than 0. */
  readonly learningRate: number;
  /** Share of the velocity that is kept, in [0, 1). */
  readonly momentum: number;
  /** Whether the step looks ahead along the velocity. */
  readonly nesterov: boolean;
  /** Times the parameter, added to the gradient. */
  readonly weightDecay: number;
}

/** An optimizer as plain data. */
export type OptimizerSpec = AdamSpec | SgdSpec;

/** What may be left to its default: beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0 (adamW: 0.01), biasCorrection true. */
export type OptimizerOptions = Pick<AdamSpec, "learningRate"> & Partial<Omit<AdamSpec, "kind">>;

/**
 * Adam; a weight decay is added to the gradient.
 *
 * @throws {RangeError} for a value outside its range
 */
export function adam(options: OptimizerOptions): AdamSpec {
  return checked({ kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options });
}

/** AdamW; the weight decay acts on the parameter itself. */
export function adamW(options: OptimizerOptions): AdamSpec {
  return checked({ kind: "adamW", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, ...options });
}

/** AdamW whose moments take 2 bytes a parameter instead of 8; without weight decay (the default) it is Adam. CPU engine. */
export function adam8bit(options: OptimizerOptions): AdamSpec {
  return checked({ kind: "adam8bit", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options });
}

/** SGD; momentum 0, no look-ahead and no weight decay unless given. CPU engine. */
export function sgd(options: Pick<SgdSpec, "learningRate"> & Partial<Omit<SgdSpec, "kind">>): SgdSpec {
  const spec = checked<SgdSpec>({ kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0, ...options });
  if (spec.nesterov && spec.momentum === 0) {
    throw new RangeError("Cannot use sgd: expected momentum above 0 with nesterov");
  }
  return spec;
}

const RANGES: Readonly<Record<string, { text: string; holds(value: number): boolean }>> = {
  learningRate: { text: "above 0", holds: (value) => value > 0 && Number.isFinite(value) },
  beta1: { text: "in [0, 1)", holds: (value) => value >= 0 && value < 1 },
  beta2: { text: "in [0, 1)", holds: (value) => value >= 0 && value < 1 },
  momentum: { text: "in [0, 1)", holds: (value) => value >= 0 && value < 1 },
  epsilon: { text: "above 0", holds: (value) => value > 0 && Number.isFinite(value) },
  weightDecay: { text: "of at least 0", holds: (value) => value >= 0 && Number.isFinite(value) },
};

function checked<Spec extends OptimizerSpec>(spec: Spec): Spec {
  for (const [name, value] of Object.entries(spec)) {
    const range = RANGES[name];
    if (range && !range.holds(value as number)) {
      throw new RangeError(`Cannot use ${spec.kind}: expected ${name} ${range.text}, got ${value}`);
    }
  }
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
