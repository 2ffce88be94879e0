"""transformers' side of `deno task bench:lm`. Arguments: `generate` or `read`, and the task as JSON (lib/bench/lm_turn.ts, read_bandwidth.ts).

`generate` opens a folder as Lfm2ForCausalLM, takes prompts, feeds given tokens one by one with its cache, and sends one JSON line of
times. `read` sums a large tensor with the same number of threads: how fast memory is read.
"""
import json
import os
import sys
from time import perf_counter

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import torch

WARM_UP_TOKENS = 2
what, task = sys.argv[1], json.loads(sys.argv[2])
device = "cuda" if task["device"] == "cuda" else "cpu"
torch.set_num_threads(task["threads"])
torch.backends.cuda.matmul.allow_tf32 = False


def send(message):
    print(json.dumps(message), flush=True)


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


def peak_rss_bytes():
    """Of this process alone: getrusage would count what its parent held when it started it."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) * 1024
    except FileNotFoundError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def read():
    table = torch.ones(task["bytes"] // 4, dtype=torch.float32, device=device)
    table.sum().item()
    rates = []
    for _ in range(task["passes"]):
        before = perf_counter()
        table.sum().item()
        rates.append(table.numel() * 4 / (perf_counter() - before))
    send({"ways": [{"name": f"PyTorch, sum on {device}", "bytesPerSecond": rates}]})


def generate():
    import transformers
    from transformers import Lfm2ForCausalLM

    transformers.logging.set_verbosity_error()
    dtype = getattr(torch, task["weights"])
    started = perf_counter()
    model = Lfm2ForCausalLM.from_pretrained(task["folder"], dtype=dtype).eval().to(device)
    wait()
    load_ms = (perf_counter() - started) * 1e3

    def feed(tokens, cache):
        """The likeliest next token, as greedy generation takes it, with its time; reading it waits for the device."""
        before = perf_counter()
        ids = torch.tensor([tokens], device=device)
        out = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits = out.logits[0, -1]
        best = logits.argmax().item()
        return (perf_counter() - before) * 1e3, best, logits, out.past_key_values

    first_ms, _, _, cache = feed(task["prompt"], None)
    for token in task["tokens"][:WARM_UP_TOKENS]:
        cache = feed([token], cache)[3]
    prompt_ms = [feed(task["prompt"], None)[0] for _ in range(task["prompts"] - 1)]
    ms, best, logits, cache = feed(task["prompt"], None)
    prompt_ms.append(ms)
    token_ms, likeliest, rows = [], [best], [logits]
    for token in task["tokens"]:
        ms, best, logits, cache = feed([token], cache)
        token_ms.append(ms)
        likeliest.append(best)
        rows.append(logits)
    if task["logitsFile"]:
        with open(task["logitsFile"], "wb") as file:
            file.write(torch.stack(rows).float().cpu().numpy().astype("<f4").tobytes())
    config = model.config
    heads = sum(kind == "full_attention" for kind in config.layer_types)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    per_position = 2 * heads * config.num_key_value_heads * head_dim * dtype.itemsize
    weight_bytes = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    send(
        {
            "version": f"{transformers.__version__}, PyTorch {torch.__version__}",
            "weightBytes": weight_bytes,
            "bytesPerToken": weight_bytes + per_position * (len(task["prompt"]) + len(task["tokens"]) / 2),
            "loadMs": load_ms,
            "firstPromptMs": first_ms,
            "promptMs": prompt_ms,
            "tokenMs": token_ms,
            "likeliest": likeliest,
            "peakRssBytes": peak_rss_bytes(),
        }
    )


with torch.inference_mode():
    read() if what == "read" else generate()
