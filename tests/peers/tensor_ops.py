"""NumPy's, PyTorch's and MLX's sides of notebook 03: single tensor operations in float32. Arguments: framework (numpy, torch, mlx),
threads of PyTorch on the CPU, and optionally PyTorch's device (cpu, cuda, mps).

Speaks JSON lines: first a greeting; `{"check": {"kind", "shape", "inputs"}}` is answered with the operation's values on these inputs,
`{"open": {"kind", "shape"}}` prepares it on random inputs, and each {"settle", "steps", "repeat"} after that is answered with samples:
each the mean of `repeat` calls in ms, with the device's work done.
"""
import json
import math
import sys
from time import perf_counter


class NumPy:
    def __init__(self, threads, device):
        import numpy as np

        self.np, self.version, self.device = np, np.__version__, "cpu"

    def array(self, values, shape):
        return self.np.array(values, dtype=self.np.float32).reshape(shape)

    def random(self, shape):
        return self.np.random.default_rng(1).uniform(-1, 1, shape).astype(self.np.float32)

    def wait(self, _):
        pass

    def values(self, y):
        return [float(value) for value in y.ravel()]

    def matmul(self, a, b):
        return a @ b

    def relu(self, x):
        return self.np.maximum(x, self.np.float32(0))

    def softmax(self, x):
        e = self.np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def attention(self, q, k, v, heads):
        batch, length, width = q.shape
        split = lambda x: x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)
        q, k, v = split(q), split(k), split(v)
        scores = (q * self.np.float32(1 / math.sqrt(width // heads))) @ k.transpose(0, 1, 3, 2)
        return (self.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(batch, length, width)

    def layer_norm(self, x, scale, bias):
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred / self.np.sqrt(variance + self.np.float32(1e-5)) * scale + bias


class Torch:
    def __init__(self, threads, device):
        import torch

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        torch.backends.cuda.matmul.allow_tf32 = False
        self.torch, self.version, self.device = torch, torch.__version__, device
        if device == "cuda" and not torch.cuda.is_available():
            sys.exit("PyTorch has no CUDA device here")
        if device == "mps" and not torch.backends.mps.is_available():
            sys.exit("PyTorch has no MPS device here")

    def array(self, values, shape):
        return self.torch.tensor(values, dtype=self.torch.float32, device=self.device).reshape(shape)

    def random(self, shape):
        return self.torch.rand(shape, device=self.device) * 2 - 1

    def wait(self, _):
        if self.device != "cpu":
            getattr(self.torch, self.device).synchronize()

    def values(self, y):
        return y.flatten().tolist()

    def matmul(self, a, b):
        return a @ b

    def relu(self, x):
        return self.torch.relu(x)

    def softmax(self, x):
        return self.torch.softmax(x, -1)

    def attention(self, q, k, v, heads):
        batch, length, width = q.shape
        split = lambda x: x.view(batch, length, heads, width // heads).transpose(1, 2)
        y = self.torch.nn.functional.scaled_dot_product_attention(split(q), split(k), split(v))
        return y.transpose(1, 2).reshape(batch, length, width)

    def layer_norm(self, x, scale, bias):
        return self.torch.nn.functional.layer_norm(x, (x.shape[-1],), scale, bias, 1e-5)


class Mlx:
    def __init__(self, threads, device):
        import mlx.core as mx

        self.mx, self.device = mx, str(mx.default_device())
        self.version = mx.__version__

    def array(self, values, shape):
        return self.mx.array(values, dtype=self.mx.float32).reshape(shape)

    def random(self, shape):
        x = self.mx.random.uniform(-1, 1, shape)
        self.mx.eval(x)
        return x

    def wait(self, y):
        self.mx.eval(y)

    def values(self, y):
        return y.flatten().tolist()

    def matmul(self, a, b):
        return a @ b

    def relu(self, x):
        return self.mx.maximum(x, 0)

    def softmax(self, x):
        return self.mx.softmax(x, -1)

    def attention(self, q, k, v, heads):
        batch, length, width = q.shape
        split = lambda x: x.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)
        scale = 1 / math.sqrt(width // heads)
        y = self.mx.fast.scaled_dot_product_attention(split(q), split(k), split(v), scale=scale)
        return y.transpose(0, 2, 1, 3).reshape(batch, length, width)

    def layer_norm(self, x, scale, bias):
        return self.mx.fast.layer_norm(x, scale, bias, 1e-5)


FRAMEWORKS = {"numpy": NumPy, "torch": Torch, "mlx": Mlx}


def shapes_of(kind, shape):
    if kind == "attention":
        return [shape[:3]] * 3
    if kind == "layerNorm":
        return [shape, shape[-1:], shape[-1:]]
    return [shape] * (1 if kind in ("relu", "softmax") else 2)


def call_of(framework, kind, shape, arrays):
    operations = {
        "matmul": lambda: framework.matmul(*arrays),
        "addition": lambda: arrays[0] + arrays[1],
        "multiplication": lambda: arrays[0] * arrays[1],
        "relu": lambda: framework.relu(*arrays),
        "softmax": lambda: framework.softmax(*arrays),
        "attention": lambda: framework.attention(*arrays, shape[3]),
        "layerNorm": lambda: framework.layer_norm(*arrays),
    }
    operation = operations[kind]

    def call():
        y = operation()
        framework.wait(y)
        return y

    return call


def send(message):
    print(json.dumps(message), flush=True)


def take_turn(call, settle, steps, repeat):
    for _ in range(settle * repeat):
        call()
    samples = []
    for _ in range(steps):
        before = perf_counter()
        for _ in range(repeat):
            call()
        samples.append((perf_counter() - before) * 1e3 / repeat)
    return samples


def main(name, threads, device="cpu"):
    try:
        framework = FRAMEWORKS[name](int(threads), device)
    except ImportError as error:
        sys.exit(f"Python cannot import it: {error}")
    send({"version": framework.version, "device": framework.device})
    call = None
    for line in sys.stdin:
        request = json.loads(line)
        if "check" in request:
            kind, shape, inputs = (request["check"][key] for key in ("kind", "shape", "inputs"))
            arrays = [framework.array(x, s) for x, s in zip(inputs, shapes_of(kind, shape))]
            send({"values": framework.values(call_of(framework, kind, shape, arrays)())})
        elif "open" in request:
            kind, shape = request["open"]["kind"], request["open"]["shape"]
            call = None  # its memory is free before the next is taken
            call = call_of(framework, kind, shape, [framework.random(s) for s in shapes_of(kind, shape)])
            call()
            send({"opened": True})
        else:
            send({"samplesMs": take_turn(call, request["settle"], request["steps"], request["repeat"])})


main(*sys.argv[1:])
