"""Python's sides of `deno task bench:infer`. Arguments: folder, mode, threads. The folder holds model.onnx and inputs.json, which
names files of raw values; the first outputs are written in the same form as MODE.json. Mode `run` calls session.run(), which
returns new arrays; `iobinding` binds inputs and outputs once.

Speaks JSON lines: first a greeting, then, for each {"settle", "steps", "repeat"}, samples: each the mean of `repeat` calls, in ms.
"""
import json
import os
import sys
from time import perf_counter

try:
    import numpy as np
    import onnxruntime as ort
except ImportError as error:
    sys.exit(f"Cannot run Python's side: {sys.executable} cannot import it: {error}")


def read_inputs(folder):
    with open(os.path.join(folder, "inputs.json")) as file:
        index = json.load(file)
    return {
        entry["name"]: np.fromfile(os.path.join(folder, entry["file"]), dtype=entry["dtype"]).reshape(entry["shape"])
        for entry in index
    }


def write_outputs(folder, mode, outputs):
    index = []
    for i, (name, value) in enumerate(outputs.items()):
        file = f"{mode}-{i}.bin"
        value.tofile(os.path.join(folder, file))
        index.append({"name": name, "dtype": str(value.dtype), "shape": list(value.shape), "file": file})
    with open(os.path.join(folder, f"{mode}.json"), "w") as file:
        json.dump(index, file)


def open_session(folder, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    path = os.path.join(folder, "model.onnx")
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def bound_call(session, feeds, outputs):
    """A call without arguments that computes into memory that was bound once, and that memory as arrays."""
    binding = session.io_binding()
    values = {name: ort.OrtValue.ortvalue_from_numpy(value) for name, value in {**feeds, **outputs}.items()}
    for name in feeds:
        binding.bind_ortvalue_input(name, values[name])
    for name in outputs:
        binding.bind_ortvalue_output(name, values[name])
    return lambda: session.run_with_iobinding(binding), lambda: {name: values[name].numpy() for name in outputs}


def main(folder, mode, threads):
    feeds = read_inputs(folder)
    started = perf_counter()
    session = open_session(folder, int(threads))
    names = [output.name for output in session.get_outputs()]
    create_ms = (perf_counter() - started) * 1e3
    before = perf_counter()
    outputs = dict(zip(names, session.run(names, feeds)))
    if mode == "iobinding":
        # Zeros: what is checked afterwards was computed by the bound call.
        call, read = bound_call(session, feeds, {name: np.zeros_like(value) for name, value in outputs.items()})
        call()
        outputs = read()
    else:
        call = lambda: session.run(names, feeds)
    checked_ms = (perf_counter() - before) * 1e3
    write_outputs(folder, mode, outputs)
    send({"createMs": create_ms, "checkedStepsMs": checked_ms, "version": ort.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        repeat = request["repeat"]
        for _ in range(request["settle"] * repeat):
            call()
        samples = []
        for _ in range(request["steps"]):
            before = perf_counter()
            for _ in range(repeat):
                call()
            samples.append((perf_counter() - before) * 1e3 / repeat)
        send({"samplesMs": samples})


def send(message):
    print(json.dumps(message), flush=True)


main(*sys.argv[1:])
