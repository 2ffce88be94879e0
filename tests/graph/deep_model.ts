// A deep residual model whose activations are far larger than its parameters, and its gradients with and without recomputation.

import {
  add,
  type Dim,
  gelu,
  gemm,
  gradients,
  type Graph,
  graph,
  input,
  layerNormalization,
  mul,
  parameter,
  reduceMean,
  tanh,
  type Tensor,
} from "lib/graph/mod.ts";

export interface DeepModel {
  layers: number;
  width: number;
  batch: Dim;
}

const uniform = (width: number) =>
  ({
    initializer: { kind: "uniform", low: -1 / Math.sqrt(width), high: 1 / Math.sqrt(width) },
  }) as const;

/** Loss of a stack of `x + W2 gelu(W1 norm(x))`, with a tanh layer in the middle that breaks the residual stream. */
export function deepLoss({ layers, width, batch }: DeepModel): Graph {
  let h: Tensor = input("x", "float32", [batch, width]);
  for (let i = 0; i < layers; i++) {
    const declare = (name: string, shape: number[]) => parameter(`layer${i}.${name}`, shape, uniform(width));
    const normal = layerNormalization(h, declare("scale", [width]), declare("shift", [width]));
    const hidden = gelu(
      gemm(normal, declare("up", [2 * width, width]), declare("upBias", [2 * width]), { transB: true }),
    );
    const down = gemm(hidden, declare("down", [width, 2 * width]), declare("downBias", [width]), { transB: true });
    h = i === layers >> 1 ? tanh(down) : add(h, down);
  }
  return graph("deep", { loss: reduceMean(mul(h, h)) });
}

/** Loss and gradients of all parameters. */
export function deepGradients(model: DeepModel, segments: number): Graph {
  const { outputs: { loss }, parameters } = deepLoss(model);
  const named = gradients(loss, parameters, { segments }).map((gradient, i) =>
    [`d:${parameters[i].source.name}`, gradient] as const
  );
  return graph(`deep-${segments}`, { loss, ...Object.fromEntries(named) });
}
