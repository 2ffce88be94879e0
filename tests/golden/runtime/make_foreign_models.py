"""Makes convolution.onnx, lookup.onnx and foreign_models.json: models as other programs write them, with inputs and what Python's
onnxruntime computes of them.

    pip install numpy onnx onnxruntime
    python tests/golden/runtime/make_foreign_models.py
"""
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
OPSET = 17
generator = np.random.default_rng(5)


def stored(name, value):
    return numpy_helper.from_array(value, name)


def weights(*shape):
    return (generator.normal(size=shape) * 0.3).astype(np.float32)


def declared(name, dtype, shape):
    return helper.make_tensor_value_info(name, dtype, shape)


def save(name, nodes, inputs, outputs, values, beside=False):
    graph = helper.make_graph(nodes, name, inputs, outputs, [stored(key, value) for key, value in values.items()])
    model = helper.make_model(graph, producer_name="onnx", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    options = {"save_as_external_data": True, "location": f"{name}.weights", "size_threshold": 100} if beside else {}
    (HERE / f"{name}.weights").unlink(missing_ok=True)  # it would be appended to
    onnx.save(model, HERE / f"{name}.onnx", **options)


def convolution():
    """A small network for images; its classes are int64, and one output has no declared shape."""
    nodes = [
        helper.make_node("Conv", ["image", "filters", "bias"], ["features"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["features"], ["positive"]),
        helper.make_node("MaxPool", ["positive"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense", "offsets"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"]),
        helper.make_node("ArgMax", ["scores"], ["class"], axis=1, keepdims=0),
    ]
    values = {
        "filters": weights(4, 3, 3, 3),
        "bias": weights(4),
        "dense": weights(64, 5),
        "offsets": weights(5),
    }
    outputs = [
        declared("probabilities", TensorProto.FLOAT, None),
        declared("class", TensorProto.INT64, ["batch"]),
    ]
    save("convolution", nodes, [declared("image", TensorProto.FLOAT, ["batch", 3, 8, 8])], outputs, values)


def lookup():
    """Integer inputs of three dtypes; outputs in four, one of them as long as its values say; its table stands in a file beside it."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["rows"]),
        helper.make_node("Cast", ["mask"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["numbers", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["sum"], keepdims=0),
        helper.make_node("QuantizeLinear", ["sum", "scale", "zero"], ["bytes"]),
        helper.make_node("Cast", ["mask"], ["flags"], to=TensorProto.BOOL),
        helper.make_node("NonZero", ["flags"], ["places"]),
        helper.make_node("Add", ["counts", "counts"], ["doubled"]),
    ]
    values = {
        "table": weights(100, 6),
        "last": np.array([2], dtype=np.int64),
        "middle": np.array([1], dtype=np.int64),
        "scale": np.array(0.05, dtype=np.float32),
        "zero": np.array(128, dtype=np.uint8),
    }
    inputs = [
        declared("ids", TensorProto.INT64, ["batch", "length"]),
        declared("mask", TensorProto.INT32, ["batch", "length"]),
        declared("counts", TensorProto.INT32, [3]),
    ]
    outputs = [
        declared("sum", TensorProto.FLOAT, ["batch", 6]),
        declared("bytes", TensorProto.UINT8, ["batch", 6]),
        declared("flags", TensorProto.BOOL, ["batch", "length"]),
        declared("places", TensorProto.INT64, [2, "found"]),
        declared("doubled", TensorProto.INT32, [3]),
    ]
    save("lookup", nodes, inputs, outputs, values, beside=True)


def listed(value):
    return {"dtype": str(value.dtype), "shape": list(value.shape), "data": value.ravel().tolist()}


def case(name, feeds):
    session = ort.InferenceSession(str(HERE / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    results = dict(zip(names, session.run(names, feeds)))
    return {
        "model": f"{name}.onnx",
        "inputs": {key: listed(value) for key, value in feeds.items()},
        "outputs": {key: listed(value) for key, value in results.items()},
    }


convolution()
lookup()
mask = np.array([[1, 1, 0, 1], [0, 1, 1, 1]], dtype=np.int32)
cases = [
    case("convolution", {"image": generator.normal(size=(2, 3, 8, 8)).round(3).astype(np.float32)}),
    case(
        "lookup",
        {
            "ids": np.array([[0, 99, 7, 3], [50, 2, 2, 64]], dtype=np.int64),
            "mask": mask,
            "counts": np.array([1, -2, 2**30 - 1], dtype=np.int32),
        },
    ),
    # A mask of zeros: an output without elements.
    case(
        "lookup",
        {
            "ids": np.array([[5]], dtype=np.int64),
            "mask": np.array([[0]], dtype=np.int32),
            "counts": np.zeros(3, dtype=np.int32),
        },
    ),
]
(HERE / "foreign_models.json").write_text(json.dumps({"onnxruntime": ort.__version__, "cases": cases}) + "\n")
