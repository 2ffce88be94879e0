// Applications of the quantization operators, for the list in operator_cases.ts: integers are cast to float32 at the end.

import {
  cast,
  constant,
  dequantizeLinear,
  type DType,
  dynamicQuantizeLinear,
  gatherBlockRows,
  matMulInteger,
  matMulNBits,
  quantizeLinear,
  type Tensor,
} from "../../lib/graph/mod.ts";
import type { OperatorCase } from "./operator_cases.ts";

const asFloat = (x: Tensor) => cast(x, "float32");
const integers = (values: number[], dtype: DType, shape?: number[]) => constant(values, { dtype, shape });
const bytes = (count: number, step: number) => Array.from({ length: count }, (_, i) => (i * step) % 256);

/** Values half-way between two steps, beyond both ends, and both zeros. */
const TIES = constant([-300, -129, -2.5, -1.5, -0.5, -0, 0, 0.5, 1.5, 2.5, 126.5, 127.5, 254.5, 255.5, 1e9]);

export const QUANTIZATION_CASES: readonly OperatorCase[] = [
  ...(["uint8", "int8"] as const).flatMap((dtype): OperatorCase[] => [
    {
      name: `QuantizeLinear ${dtype}`,
      shapes: [[2, 5]],
      build: (x) => asFloat(quantizeLinear(x, constant(0.01), integers([3], dtype, []))),
    },
    {
      name: `QuantizeLinear ${dtype} ties and saturation`,
      shapes: [],
      build: () => asFloat(quantizeLinear(TIES, constant(1), integers([1], dtype, []))),
    },
    {
      name: `QuantizeLinear ${dtype} by row and back`,
      shapes: [[2, 3, 2]],
      build: (x) => {
        const [scale, zeroPoint] = [constant([0.1, 0.02, 0.3]), integers([0, 7, 100], dtype)];
        return dequantizeLinear(quantizeLinear(x, scale, zeroPoint, { axis: 1 }), scale, zeroPoint, { axis: -2 });
      },
    },
    {
      name: `Cast ${dtype} of fractions`,
      shapes: [],
      build: () => asFloat(cast(constant([0, 0.4, 0.5, 1.9, 2.5, 99.99, 127]), dtype)),
    },
    {
      name: `Cast ${dtype} of int32 wraps`,
      shapes: [],
      build: () => asFloat(cast(integers([-300, -129, -1, 0, 127, 128, 200, 255, 256, 1000], "int32"), dtype)),
    },
  ]),
  ...([[[3, 4]], [[1]], [[]]] as number[][][]).flatMap((shapes): OperatorCase[] => [
    { name: `DynamicQuantizeLinear ${shapes}`, shapes, build: (x) => asFloat(dynamicQuantizeLinear(x).values) },
    { name: `DynamicQuantizeLinear scale ${shapes}`, shapes, build: (x) => dynamicQuantizeLinear(x).scale },
    {
      name: `DynamicQuantizeLinear zero point ${shapes}`,
      shapes,
      range: [-3, 1],
      build: (x) => asFloat(dynamicQuantizeLinear(x).zeroPoint),
    },
  ]),
  {
    name: "DynamicQuantizeLinear of positive values",
    shapes: [[5]],
    range: [1, 2],
    build: (x) => asFloat(dynamicQuantizeLinear(x).values),
  },
  {
    name: "DynamicQuantizeLinear of zeros",
    shapes: [],
    build: () => asFloat(dynamicQuantizeLinear(constant([0, 0])).values),
  },
  {
    name: "MatMulInteger",
    shapes: [[3, 4]],
    build: (x) => {
      const { values, zeroPoint } = dynamicQuantizeLinear(x);
      const right = integers(bytes(8, 37), "uint8", [4, 2]);
      return asFloat(matMulInteger(values, right, zeroPoint, integers([128], "uint8", [])));
    },
  },
  {
    // Sums of pairs that saturate where products of bytes are added in 16 bits.
    name: "MatMulInteger of large values",
    shapes: [],
    build: () => {
      const [left, right] = [
        integers(bytes(256, 255), "uint8", [2, 128]),
        integers(bytes(384, 255), "uint8", [128, 3]),
      ];
      return asFloat(matMulInteger(left, right, integers([0], "uint8", []), integers([128, 0, 255], "uint8")));
    },
  },
  {
    name: "MatMulInteger batched int8",
    shapes: [],
    build: () => {
      const left = integers([1, -2, 3, -4, 5, -6, 7, -128], "int8", [2, 1, 4]);
      const right = integers([127, -3, 2, 1, -128, 6, 0, 9], "int8", [4, 2]);
      return asFloat(matMulInteger(left, right, integers([2], "int8", []), integers([-1], "int8", [])));
    },
  },
  ...([4, 8] as const).map((bits): OperatorCase => ({
    name: `rows of a matrix in blocks of ${bits} bits`,
    shapes: [],
    build: () => {
      const packed = integers(bytes(3 * 8 * bits, 37), "uint8", [3, 8 * bits]);
      const scales = constant([0.5, -0.25, 0.1, 0, 0.3, 2], { shape: [3, 2] });
      return gatherBlockRows(packed, scales, integers([2, 0, 2, 1], "int32", [2, 2]), { bits });
    },
  })),
  ...[32, 40, 1].map((k): OperatorCase => ({
    name: `MatMulNBits with k = ${k}`,
    shapes: [[2, k]],
    build: (x) => {
      const blocks = Math.ceil(k / 32);
      const packed = integers(bytes(3 * blocks * 16, 29), "uint8", [3, blocks, 16]);
      return matMulNBits(x, packed, constant(bytes(3 * blocks, 1).map((i) => 0.1 * (i - 2)), { shape: [3, blocks] }));
    },
  })),
];
