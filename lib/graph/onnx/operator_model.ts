// A model of one operator that graphs do not have, such as a fused one of ONNX Runtime: for benchmarks beside the same computation in
// plain operators.

import { create, toBinary } from "@bufbuild/protobuf";
import type { TensorType } from "../types.ts";
import { IR_VERSION, OPSET } from "./encode.ts";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

/** One operator with its inputs and outputs, all in float32 and of fixed shapes. */
export interface OperatorModel {
  type: string;
  /** "com.microsoft" for those of ONNX Runtime. */
  domain: string;
  /** Integers only. */
  attributes: Readonly<Record<string, number>>;
  /** Shapes by name, in the operator's order. */
  inputs: Readonly<Record<string, TensorType["shape"]>>;
  outputs: Readonly<Record<string, TensorType["shape"]>>;
}

/**
 * Encodes the operator as the bytes of an `.onnx` file; nothing is checked here, ONNX Runtime does that.
 *
 * @example
 * ```ts
 * import { encodeOperatorModel, readModelFile } from "lib/graph/mod.ts";
 * const shape = [1, 4, 8];
 * const bytes = encodeOperatorModel({
 *   type: "MultiHeadAttention",
 *   domain: "com.microsoft",
 *   attributes: { num_heads: 2 },
 *   inputs: { query: shape, key: shape, value: shape },
 *   outputs: { y: shape },
 * });
 * if (readModelFile(bytes, "attention").inputs.length !== 3) throw new Error("three inputs");
 * ```
 */
export function encodeOperatorModel({ type, domain, attributes, inputs, outputs }: OperatorModel): Uint8Array {
  const declared = (shapes: OperatorModel["inputs"]) =>
    Object.entries(shapes).map(([name, shape]) =>
      create(ValueInfoProtoSchema, {
        name,
        type: {
          value: {
            case: "tensorType",
            value: {
              elemType: DataType.FLOAT,
              shape: { dim: shape.map((size) => ({ value: { case: "dimValue" as const, value: BigInt(size) } })) },
            },
          },
        },
      })
    );
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "latent-lab",
    opsetImport: [{ domain: "", version: OPSET }, { domain, version: 1n }],
    graph: {
      name: type,
      node: [create(NodeProtoSchema, {
        opType: type,
        domain,
        name: type,
        input: Object.keys(inputs),
        output: Object.keys(outputs),
        attribute: Object.entries(attributes).map(([name, value]) =>
          create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
        ),
      })],
      input: declared(inputs),
      output: declared(outputs),
    },
  });
  return toBinary(ModelProtoSchema, model);
}
