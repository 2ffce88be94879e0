// lib/nn: what models are made of. model.ts turns a function over symbolic tensors into a Model, whose parameters are
// named by the scopes it declares them in; layers.ts, losses.ts and initializers.ts are functions over the graph.
// Nothing here holds weights or runs anything: weights live in checkpoints, execution in lib/runtime.
// A new layer is a function (scope, tensor, sizes) -> tensor; see `linear`.
// Complete models are in lib/models, one file each.

export {
  bertAttention,
  cachedGroupedQueryAttention,
  groupedQueryAttention,
  type GroupedQueryOptions,
  type KeyValueCache,
  multiHeadAttention,
  type MultiHeadOptions,
} from "./attention.ts";
export { dropout } from "./dropout.ts";
export { fanInUniform, initialValues } from "./initializers.ts";
export {
  cachedGatedShortConv,
  causalDepthwiseConv,
  embedding,
  gatedShortConv,
  layerNorm,
  linear,
  rmsNorm,
  type SharedRow,
  silu,
  swiGlu,
} from "./layers.ts";
export {
  alignmentLoss,
  cosineLoss,
  crossEntropies,
  crossEntropy,
  meanSquaredError,
  rowCosine,
  rowSquaredError,
} from "./losses.ts";
export {
  type Forward,
  type ForwardOptions,
  inputTensors,
  type Model,
  model,
  type Scope,
  tensor,
  type TensorSpec,
  TRAINING_STEP,
} from "./model.ts";
export { gruCell, lstmCell, type RecurrentCell, scanSequence } from "./recurrent.ts";
export { cosineSimilarities, neighbourLoss, similarityLoss } from "./relational_losses.ts";
export { rotary, type RotaryAngles, rotaryBy, sequencePositions } from "./positions.ts";
