// First values of parameters: which distribution, and drawing it from a seed.

import { elementCount, type Initializer, type Parameter } from "../graph/mod.ts";
import { random } from "../statistics/mod.ts";

/** Uniform within 1/sqrt(fanIn): what PyTorch's `nn.Linear` draws for weight and bias. */
export function fanInUniform(fanIn: number): Initializer {
  const bound = 1 / Math.sqrt(fanIn);
  return { kind: "uniform", low: -bound, high: bound };
}

/**
 * Draws the first values of a parameter. Each parameter has a random stream of its own, from the seed and its name, so its
 * values depend neither on the order of declaration nor on other parameters.
 *
 * @param target where to write; allocated when absent
 */
export function initialValues(
  { shape, source: { name, initializer } }: Parameter,
  seed: number,
  target: Float32Array = new Float32Array(elementCount(shape as number[])),
): Float32Array {
  const generator = random(seed, "parameter", name);
  switch (initializer.kind) {
    case "constant":
      return target.fill(initializer.value);
    case "uniform":
      for (let i = 0; i < target.length; i++) target[i] = generator.uniform(initializer.low, initializer.high);
      return target;
    case "normal":
      for (let i = 0; i < target.length; i++) {
        target[i] = initializer.mean + initializer.standardDeviation * generator.normal();
      }
      return target;
  }
}
