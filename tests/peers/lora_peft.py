"""peft's side of `deno task bench:lora`: LoRA on an LFM2 folder with transformers and PyTorch in float32, one row of tokens an update, Adam.
Arguments: JSON of LoraWork (lib/bench/lora_exchange.ts), and the device (cpu, cuda).

Speaks JSON lines: first a greeting; {"open": names} sets the factors of those names (ours) to the values of exact_values.py and is answered with
the losses of the first updates; each {"settle", "steps"} after that with the times of updates in ms; {"memory": true} with the highest
memory so far.
"""
import json
import re
import resource
import sys
from time import perf_counter

try:
    import peft
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM
    from exact_values import exact_values
except ImportError as error:
    sys.exit(f"Python cannot import it: {error}")

CHECKED_UPDATES, LEARNING_RATE, FACTOR_SCALE = 3, 1e-4, 2.0**-8


def send(message):
    print(json.dumps(message), flush=True)


class Side:
    def __init__(self, work, device):
        started = perf_counter()
        self.device, tokens, lora = device, work["tokens"], work["lora"]
        model = AutoModelForCausalLM.from_pretrained(work["folder"], dtype=torch.float32, low_cpu_mem_usage=True)
        layers, last = model.config.num_hidden_layers, lora["lastLayers"]
        config = LoraConfig(
            r=lora["rank"], lora_alpha=lora["alpha"], lora_dropout=lora["dropout"], target_modules=lora["targetModules"],
            layers_to_transform=None if last is None else list(range(layers - last, layers)),
        )
        self.model = get_peft_model(model, config).to(device).train()
        # Ours: model.layers.2.self_attn.q_proj.lora_A.weight; peft's: base_model.model.model.[...].lora_A.default.weight
        self.factors = {
            re.sub(r"\.lora_(A|B)\.default\.weight$", r".lora_\1.weight", name.removeprefix("base_model.model.")): parameter
            for name, parameter in self.model.named_parameters() if parameter.requires_grad
        }
        vocabulary = model.config.vocab_size
        ids = torch.tensor([(i * 7919 + 13) % vocabulary for i in range(tokens + 1)], device=device)
        self.inputs, self.labels = ids[None, :-1], ids[1:]
        self.optimizer = torch.optim.Adam(self.factors.values(), lr=LEARNING_RATE)
        self.create_ms = (perf_counter() - started) * 1e3

    def update(self):
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(input_ids=self.inputs, use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits[0], self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()  # waits for the device, as ours does

    def open(self, names):
        if sorted(names) != sorted(self.factors):
            different = sorted(set(names) ^ set(self.factors))
            sys.exit(f"expected the same factors, got one side alone with {different[:3]}")
        with torch.no_grad():
            for stream, name in enumerate(names):
                factor = self.factors[name]
                factor.copy_(exact_values(factor.numel(), stream, FACTOR_SCALE).reshape(factor.shape))
        before = perf_counter()
        losses = [self.update() for _ in range(CHECKED_UPDATES)]
        return {
            "names": names, "losses": losses, "createMs": self.create_ms,
            "checkedStepsMs": (perf_counter() - before) * 1e3,
            "trainableParameters": sum(factor.numel() for factor in self.factors.values()),
        }

    def take_turn(self, settle, steps, **_):
        for _ in range(settle):
            self.update()
        samples = []
        for _ in range(steps):
            before = perf_counter()
            self.update()
            samples.append((perf_counter() - before) * 1e3)
        return {"samplesMs": samples}

    def memory(self):
        unit = 1 if sys.platform == "darwin" else 1024
        device = torch.cuda.max_memory_allocated() if self.device == "cuda" else None
        return {"peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, "peakDeviceBytes": device}


def main(work, device="cpu"):
    work = json.loads(work)
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("PyTorch has no CUDA device here")
    if work["threads"] > 0:
        torch.set_num_threads(work["threads"])
    torch.set_flush_denormal(True)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    side = Side(work, device)
    version = f"peft {peft.__version__}, PyTorch {torch.__version__}"
    send({"version": version, "device": torch.cuda.get_device_name() if device == "cuda" else device})
    for line in sys.stdin:
        request = json.loads(line)
        if "open" in request:
            send(side.open(request["open"]))
        elif "memory" in request:
            send(side.memory())
        else:
            send(side.take_turn(**request))


if __name__ == "__main__":
    main(*sys.argv[1:])
