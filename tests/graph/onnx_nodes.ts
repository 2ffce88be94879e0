// What a written .onnx file consists of, for tests of what others make of a graph.

import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "../../lib/graph/onnx/onnx_pb.ts";

/** A node of a file: ONNX's names. */
export interface OnnxNode {
  name: string;
  opType: string;
  inputs: string[];
}

/** The nodes of a model's bytes, and the names of what it stores. */
export function readOnnx(bytes: Uint8Array): { nodes: OnnxNode[]; stored: Set<string> } {
  const { node = [], initializer = [] } = fromBinary(ModelProtoSchema, bytes).graph!;
  return {
    nodes: node.map(({ name, opType, input }) => ({ name, opType, inputs: input })),
    stored: new Set(initializer.map(({ name }) => name)),
  };
}
