"""PyTorch's side of notebook 04: the forecaster of lib/models/forecaster.ts of PyTorch's own layers, in float32. Arguments: threads on
the CPU, and the device (cpu, cuda, mps).

Speaks JSON lines: first a greeting; `{"open": {"mode", "config", "rows", "batches", "maxGradientNorm"}}` prepares calls on numbers of
exact_values.py and is answered with the names of the parameters in their order, and what is compared: of `infer` the outputs, of
`train` the losses of the first updates on the same rows. Each {"settle", "steps", "repeat"} after that is answered with samples: each the
mean of `repeat` calls in ms, with the device's work done. An update averages `batches` batches of `rows`, clips and applies AdamW.
"""
import json
import sys
from time import perf_counter

try:
    import torch
    from torch import nn
    from exact_values import exact_values, set_exact_weights
except ImportError as error:
    sys.exit(f"Python cannot import it: {error}")

X_STREAM, Y_STREAM, CHECKED_UPDATES, LEARNING_RATE = 1000, 1001, 3, 1e-3


class Forecaster(nn.Module):
    def __init__(self, features, horizon, hidden, feed_forward, heads, layers):
        super().__init__()
        self.heads, self.head_dim = heads, hidden // heads
        self.recurrent = nn.LSTM(features, hidden, num_layers=layers, batch_first=True)
        self.query, self.value, self.output = (nn.Linear(hidden, hidden) for _ in range(3))
        self.key = nn.Linear(hidden, hidden, bias=False)
        self.norm, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.up, self.down = nn.Linear(hidden, feed_forward), nn.Linear(feed_forward, hidden)
        self.head = nn.Linear(hidden, horizon)

    def forward(self, x):
        states, _ = self.recurrent(x)
        last = states[:, -1:]
        split = lambda t: t.unflatten(-1, (self.heads, self.head_dim)).transpose(1, 2)
        mixed = nn.functional.scaled_dot_product_attention(
            split(self.query(last)), split(self.key(states)), split(self.value(states))
        )
        row = self.norm(last[:, 0] + self.output(mixed.transpose(1, 2).flatten(-2)[:, 0]))
        row = self.norm2(row + self.down(nn.functional.gelu(self.up(row))))
        return self.head(row)


def named_parameters(model, layers):
    """Our names and PyTorch's parameters."""
    named = []
    for layer in range(layers):
        for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]:
            named.append((f"recurrent.{layer}.{name}", getattr(model.recurrent, f"{name}_l{layer}")))
    modules = {
        "attention.query": model.query, "attention.key": model.key, "attention.value": model.value,
        "attention.output": model.output, "attention.norm": model.norm, "feedForward.up": model.up,
        "feedForward.down": model.down, "feedForward.norm": model.norm2, "head": model.head,
    }
    for path, module in modules.items():
        named += [(f"{path}.{name}", parameter) for name, parameter in module.named_parameters()]
    return named


def send(message):
    print(json.dumps(message), flush=True)


class Side:
    def __init__(self, device):
        self.device = device

    def wait(self):
        if self.device != "cpu":
            getattr(torch, self.device).synchronize()

    def open(self, mode, config, rows, batches, maxGradientNorm):
        settings = (config[key] for key in ("features", "horizon", "hiddenDim", "feedForwardDim", "heads", "layers"))
        model = Forecaster(*settings)
        named = named_parameters(model, config["layers"])
        set_exact_weights([parameter for _, parameter in named])
        model.to(self.device)
        shape = (rows, config["context"], config["features"])
        x = exact_values(shape[0] * shape[1] * shape[2], X_STREAM).reshape(shape).to(self.device)
        y = exact_values(rows * config["horizon"], Y_STREAM).reshape(rows, -1).to(self.device)
        names = [name for name, _ in named]
        return self.infer(model, x, names) if mode == "infer" else self.train(model, (x, y), names, batches, maxGradientNorm)

    def infer(self, model, x, names):
        model.eval()

        def call():
            with torch.inference_mode():
                result = model(x)
            self.wait()
            return result

        self.call = call
        return {"names": names, "values": call().flatten().tolist()}

    def train(self, model, rows, names, batches, largest_norm):
        x, y = rows
        parameters = list(model.parameters())
        optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, fused=self.device != "mps")

        def call():
            optimizer.zero_grad(set_to_none=True)
            total = 0
            for _ in range(batches):
                loss = nn.functional.mse_loss(model(x), y)
                (loss / batches).backward()
                total = total + loss.detach()
            nn.utils.clip_grad_norm_(parameters, largest_norm)
            optimizer.step()
            self.wait()
            return total / batches

        self.call = call
        return {"names": names, "values": [call().item() for _ in range(CHECKED_UPDATES)]}

    def take_turn(self, settle, steps, repeat):
        for _ in range(settle * repeat):
            self.call()
        samples = []
        for _ in range(steps):
            before = perf_counter()
            for _ in range(repeat):
                self.call()
            samples.append((perf_counter() - before) * 1e3 / repeat)
        return samples


def main(threads, device="cpu"):
    torch.set_num_threads(int(threads))
    torch.set_flush_denormal(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch has no CUDA device here")
    if device == "mps" and not torch.backends.mps.is_available():
        sys.exit("PyTorch has no MPS device here")
    side = Side(device)
    send({"version": torch.__version__, "device": torch.cuda.get_device_name() if device == "cuda" else device})
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            send(side.open(**request["open"]))
        else:
            send({"samplesMs": side.take_turn(request["settle"], request["steps"], request["repeat"])})


if __name__ == "__main__":
    main(*sys.argv[1:])
