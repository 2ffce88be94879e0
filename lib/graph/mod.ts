// lib/graph: models as data. A model is a function over symbolic tensors; tracing it gives a graph of ONNX operators, and
// from that graph come the gradients (gradient.ts), the .onnx file (onnx/encode.ts), the float64 reference result
// (interpreter.ts), its JSON (serialize.ts), its costs (explain.ts) and its rewrites: rewrite.ts is what they are built on,
// rewrites/ has folding, common subexpressions, float16, int8 and int4. Operators (operators/) define shape rule,
// gradient and evaluation side by side; ops.ts has the functions that models are written with.
// Nothing here executes a model fast: that is lib/runtime; fuzz/ compares what does with the reference on random graphs.

import "./operators/elementwise.ts";
import "./operators/matmul.ts";
import "./operators/quantization.ts";
import "./operators/blocks.ts";
import "./operators/reduction.ts";
import "./operators/shape.ts";
import "./operators/along_axis.ts";
import "./operators/convolution.ts";
import "./operators/functions.ts";
import "./operators/fused_attention.ts";
import "./operators/fused_norm.ts";
import "./operators/fused_products.ts";
import "./operators/fused_recurrent.ts";
import "./operators/gather.ts";
import "./operators/logic.ts";
import "./operators/split.ts";

export { addDims, fixDims, sizesOfNames } from "./dimensions.ts";
export { explain, type GraphCosts } from "./explain.ts";
export { float16ToFloat32, float32ToFloat16, LARGEST_FLOAT16 } from "./float16.ts";
export { type GradientOptions, gradients } from "./gradient.ts";
export { type Graph, graph, parameterCount, topologicalOrder } from "./graph.ts";
export { type FeedArray, interpret } from "./interpreter.ts";
export { encodeOnnx, type EncodeOptions, type ExternalTensor, OPSET } from "./onnx/encode.ts";
export {
  type DeclaredTensor,
  type DimensionSizes,
  fixModelFile,
  type ModelFile,
  readModelFile,
} from "./onnx/model_file.ts";
export { encodeOperatorModel, type OperatorModel } from "./onnx/operator_model.ts";
export { apply, operatorOf, operatorTypes } from "./operator.ts";
export { atOrigin, locateError, originOf, withoutOrigin } from "./origin.ts";
export * from "./ops.ts";
export * from "./ops_functions.ts";
export * from "./ops_fused.ts";
export * from "./ops_indexing.ts";
export * from "./ops_quantization.ts";
export { bindDimensions, rebuild, type Replacement, rewriteGraph } from "./rewrite.ts";
export { roundHalfToEven } from "./rounding.ts";
export { deserializeGraph, type SerializedGraph, serializeGraph } from "./serialize.ts";
export {
  type Attributes,
  constant,
  constantValues,
  describe,
  type Initializer,
  input,
  isParameter,
  type Operation,
  type Parameter,
  parameter,
  type Tensor,
} from "./tensor.ts";
export {
  type ArrayData,
  type ArrayValue,
  checkShape,
  concreteShape,
  type Dim,
  type DType,
  ELEMENT_ARRAYS,
  elementCount,
  formatShape,
  isDType,
  isFloating,
  type NdArray,
  type Shape,
  tensorBytes,
  type TensorType,
} from "./types.ts";
export { activationRanges, type CalibrationOptions, type Execute } from "./rewrites/calibration.ts";
export { eliminateCommonSubexpressions } from "./rewrites/common_subexpressions.ts";
export { type DenseProduct, denseProduct, type ProductSelection } from "./rewrites/dense_products.ts";
export { type WeightBits } from "./rewrites/int8_weights.ts";
export { quantizeDynamicInt8 } from "./rewrites/dynamic_int8.ts";
export { type Float16Options, toFloat16 } from "./rewrites/float16.ts";
export { checkFloat16Range } from "./rewrites/float16_islands.ts";
export { foldConstants, type FoldOptions } from "./rewrites/fold_constants.ts";
export { storeFloat16 } from "./rewrites/float16_weights.ts";
export { fuseAttention } from "./rewrites/fuse_attention.ts";
export { fuseLstm } from "./rewrites/fuse_lstm.ts";
export { fuseNorms } from "./rewrites/fuse_norms.ts";
export { forCoreMl } from "./rewrites/for_coreml.ts";
export { forWebGpu } from "./rewrites/for_webgpu.ts";
export { quantizeWeightOnlyInt4 } from "./rewrites/int4.ts";
export { quantizeStaticInt8 } from "./rewrites/static_int8.ts";
export { scalePerProduct } from "./rewrites/per_product.ts";
export { type BlockBits, packRows } from "./rewrites/blocks.ts";
export {
  type BlockActivations,
  planAsIs,
  planBlocks,
  planColumns,
  planFloat16,
  planStoredFloat16,
  type StoragePlan,
  type StoredForm,
  type StoredParameter,
} from "./rewrites/weight_only.ts";
export { type WeightedGraph, type Weights } from "./rewrites/weights.ts";
export { analyse } from "./fuzz/analysis.ts";
export { type Bounded, EPSILON, ROUNDINGS } from "./fuzz/bounds.ts";
export { type Executor, type FuzzCase, type FuzzFeeds, KnownLimitation } from "./fuzz/case.ts";
export { randomGraph, type RandomGraphOptions } from "./fuzz/random_graph.ts";
export { compareCase, type Comparison, type Difference } from "./fuzz/compare.ts";
export { fuzz, type FuzzFailure, type FuzzOptions, type FuzzSummary } from "./fuzz/fuzz.ts";
export { gradientDifference } from "./fuzz/gradient_check.ts";
export { type Candidate, shrink } from "./fuzz/shrink.ts";
export { caseSource } from "./fuzz/source_text.ts";
