"""Runs an .onnx file in Python's onnxruntime. Arguments: file. Standard input: JSON of float32 inputs {name: {shape, data}};
standard output: JSON of the outputs in the same form, and the file's metadata."""
import json
import sys

import numpy as np
import onnxruntime as ort

session = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
feeds = {
    name: np.array(value["data"], dtype=np.float32).reshape(value["shape"]) for name, value in json.load(sys.stdin).items()
}
names = [output.name for output in session.get_outputs()]
outputs = {
    name: {"shape": list(value.shape), "data": [float(x) for x in value.ravel()]}
    for name, value in zip(names, session.run(names, feeds))
}
metadata = session.get_modelmeta().custom_metadata_map
print(json.dumps({"outputs": outputs, "metadata": metadata, "version": ort.__version__}))
