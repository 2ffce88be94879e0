// A recurrent layer in one operator: ONNX's LSTM, and ONNX Runtime's with weights in bytes. Gates come in the order input, output,
// forget, cell; sequences are [steps, batch, width], results [steps, 1, batch, hidden] (one direction).

import { defineOperators } from "../operator.ts";
import { add, cast, concat, matMul, mul, sigmoid, slice, tanh, transpose } from "../ops.ts";
import { split, squeeze, unsqueeze } from "../ops_indexing.ts";
import { dynamicQuantizeLinear, matMulInteger } from "../ops_quantization.ts";
import { type Attributes, constant, describe, type Tensor } from "../tensor.ts";
import { formatShape, type Shape, type TensorType } from "../types.ts";
import { compositeOperator } from "./composite.ts";

/** Checks inputs against their shapes and gives the type of the result. */
function inferLayer(
  operator: string,
  inputs: readonly Tensor[],
  { hidden, shapes }: { hidden: number; shapes: readonly Shape[] },
): TensorType[] {
  const [x, ...others] = inputs;
  if (x.shape.length !== 3 || x.dtype !== "float32" || typeof x.shape[2] !== "number") {
    throw new TypeError(`Cannot apply ${operator}: expected float32 [steps, batch, width], got ${describe(x)}`);
  }
  others.forEach((tensor, i) => {
    if (formatShape(tensor.shape) === formatShape(shapes[i])) return;
    throw new TypeError(`Cannot apply ${operator}: expected ${formatShape(shapes[i])}, got ${describe(tensor)}`);
  });
  return [{ dtype: "float32", shape: [x.shape[0], 1, x.shape[1], hidden] }];
}

type Product = (x: Tensor) => Tensor;

/** All states of a layer, from its two products (without biases) and the biases `[1, 8 hidden]`. */
function scan(x: Tensor, { hidden, bias, project, recur }: {
  hidden: number;
  bias: Tensor;
  project: Product;
  recur: Product;
}): Tensor {
  const [steps, batch] = x.shape as number[];
  const [inputBias, stateBias] = split(squeeze(bias, [0]), [4 * hidden, 4 * hidden], 0);
  const projected = add(project(x), add(inputBias, stateBias));
  let state = constant(new Float64Array(batch * hidden), { shape: [batch, hidden] });
  let memory = state;
  const states: Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    const entering = squeeze(slice(projected, { axis: 0, start: step, end: step + 1 }), [0]);
    const [enter, leave, forget, cell] = split(add(entering, recur(state)), Array(4).fill(hidden), -1);
    memory = add(mul(sigmoid(forget), memory), mul(sigmoid(enter), tanh(cell)));
    state = mul(sigmoid(leave), tanh(memory));
    states.push(unsqueeze(state, [0, 1]));
  }
  return steps === 1 ? states[0] : concat(states, 0);
}

const hiddenOf = ({ hidden_size }: Attributes) => Number(hidden_size);

const lstmOperator = compositeOperator({
  type: "LSTM",
  attributes: { hidden_size: "int" },
  infer(inputs, attributes) {
    const hidden = hiddenOf(attributes);
    const shapes = [[1, 4 * hidden, inputs[0].shape[2]], [1, 4 * hidden, hidden], [1, 8 * hidden]];
    return inferLayer("LSTM", inputs, { hidden, shapes });
  },
  expand([x, weight, recurrence, bias], attributes) {
    const by = (matrix: Tensor) => (tensor: Tensor) => matMul(tensor, transpose(squeeze(matrix, [0])));
    return [scan(x, { hidden: hiddenOf(attributes), bias, project: by(weight), recur: by(recurrence) })];
  },
});

/** A product with a matrix `[1, k, n]` of bytes with scales `[1, n]`; what it is multiplied with is quantized by its own range. */
function quantizedProduct(matrix: Tensor, scale: Tensor, zeroPoint: Tensor): Product {
  return (x) => {
    const quantized = dynamicQuantizeLinear(x);
    const sums = matMulInteger(quantized.values, squeeze(matrix, [0]), quantized.zeroPoint, squeeze(zeroPoint, [0]));
    return mul(cast(sums, "float32"), mul(squeeze(scale, [0]), quantized.scale));
  };
}

const quantizedLstmOperator = compositeOperator({
  type: "DynamicQuantizeLSTM",
  domain: "com.microsoft",
  attributes: { hidden_size: "int" },
  // Lengths of sequences, first states and peepholes lie between the biases and the scales.
  places: [0, 1, 2, 3, 8, 9, 10, 11],
  infer(inputs, attributes) {
    const hidden = hiddenOf(attributes);
    const columns = [1, 4 * hidden];
    const shapes = [
      [1, inputs[0].shape[2], 4 * hidden],
      [1, hidden, 4 * hidden],
      [1, 8 * hidden],
      ...[columns, columns, columns, columns],
    ];
    return inferLayer("DynamicQuantizeLSTM", inputs, { hidden, shapes });
  },
  expand([x, weight, recurrence, bias, weightScale, weightZero, recurrenceScale, recurrenceZero], attributes) {
    return [scan(x, {
      hidden: hiddenOf(attributes),
      bias,
      project: quantizedProduct(weight, weightScale, weightZero),
      recur: quantizedProduct(recurrence, recurrenceScale, recurrenceZero),
    })];
  },
});

defineOperators(lstmOperator, quantizedLstmOperator);
