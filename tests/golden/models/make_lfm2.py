"""Logits and greedy continuations of small LFM2 models by transformers, for tests/models/lfm2/.

    pip install torch==2.15.0 transformers==5.23.0
    python tests/golden/models/make_lfm2.py

Writes lfm2.json: models of several shapes, each with its `config` as the hub's config.json has it, four `prompts` of unlike lengths, for each
prompt alone the `logits` of its last position and the `tokens` that greedy generation appends, the same of all four as one batch that is
padded in front, and for the first prompt `allLogits` of every position, and `finalLogits` after its last token.

There is no file of weights: both sides make them by one rule (`weights` here, tests/models/lfm2/rule_weights.ts there). Values are integers
of at most 8 bits times a power of two, which float32, float16 and bfloat16 hold exactly.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch
from transformers import Lfm2Config, Lfm2ForCausalLM

HERE = Path(__file__).parent
NEW_TOKENS = 64
LENGTHS = (9, 4, 13, 1)
# Below such a distance between the two best tokens, rounding could decide.
SMALLEST_MARGIN = 5e-4
torch.set_num_threads(1)

BASE = {"architectures": ["Lfm2ForCausalLM"], "model_type": "lfm2", "norm_eps": 1e-5, "conv_bias": False, "bos_token_id": 1, "eos_token_id": 7, "pad_token_id": 0}
MODELS = {
    # As the hub's files of LFM2 are written.
    "hub": {
        "vocab_size": 97, "hidden_size": 64, "block_ff_dim": 120, "block_auto_adjust_ff_dim": True, "block_multiple_of": 32,
        "block_ffn_dim_multiplier": 1.0, "num_hidden_layers": 6, "full_attn_idxs": [2, 4], "num_attention_heads": 4,
        "num_key_value_heads": 2, "conv_L_cache": 3, "rope_theta": 1000000.0, "max_position_embeddings": 128,
    },
    # As transformers 5 writes them; heads wider than their share, embeddings untied, a wider convolution, one head of keys.
    "untied": {
        "vocab_size": 131, "hidden_size": 48, "intermediate_size": 80, "block_auto_adjust_ff_dim": False, "num_hidden_layers": 4,
        "layer_types": ["full_attention", "conv", "conv", "full_attention"], "num_attention_heads": 3, "num_key_value_heads": 1,
        "head_dim": 24, "conv_L_cache": 4, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
        "max_position_embeddings": 128, "tie_word_embeddings": False,
    },
    # No convolution; as many heads of keys as of queries.
    "attention": {
        "vocab_size": 53, "hidden_size": 32, "intermediate_size": 64, "block_auto_adjust_ff_dim": True, "block_multiple_of": 8,
        "block_ffn_dim_multiplier": 1.3, "num_hidden_layers": 2, "layer_types": ["full_attention", "full_attention"],
        "num_attention_heads": 4, "num_key_value_heads": 4, "conv_L_cache": 3, "rope_theta": 500.0, "max_position_embeddings": 128,
        "tie_word_embeddings": True,
    },
}


def draws(name: str, count: int) -> np.ndarray:
    """Integers in [-127, 127] from a name and positions, by arithmetic of 32 bits."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) & 0xFFFFFFFF
    x = np.arange(count, dtype=np.uint64) * 2654435761 + seed & 0xFFFFFFFF
    for factor, shift in ((2246822519, 15), (3266489917, 13)):
        x = ((x ^ (x >> shift)) * factor) & 0xFFFFFFFF
    x ^= x >> 16
    return (x % 255).astype(np.int64) - 127


def weights(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    values = draws(name, math.prod(shape)).astype(np.float64)
    if name.endswith("norm.weight"):
        values = 1 + np.trunc(values / 4) / 128
    else:
        fan_in = shape[-1] if "embed" not in name and "lm_head" not in name else 4
        values = values / 64 * 2.0 ** -math.floor(math.log2(fan_in) / 2)
    return torch.tensor(values.reshape(shape), dtype=torch.float32)


def make(config: dict) -> Lfm2ForCausalLM:
    model = Lfm2ForCausalLM(Lfm2Config.from_dict(config)).eval()
    theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
    assert model.config.rope_parameters["rope_theta"] == theta
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights(name, tuple(parameter.shape)))
            for dtype in (torch.float16, torch.bfloat16):
                assert torch.equal(parameter, parameter.to(dtype).float()), name
    assert sum(p.numel() for p in model.parameters()) > 0
    return model


def margins(model, tokens: torch.Tensor, mask: torch.Tensor) -> float:
    logits = model(input_ids=tokens, attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp(min=0), use_cache=False).logits
    best = logits[:, -NEW_TOKENS - 1 : -1].topk(2).values
    return float((best[..., 0] - best[..., 1]).min())


def generate(model, rows: list[list[int]]) -> list[list[int]]:
    width = max(map(len, rows))
    tokens = torch.tensor([[0] * (width - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
    found = model.generate(
        input_ids=tokens, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=None, pad_token_id=0,
    )
    margin = margins(model, found, torch.cat([mask, torch.ones(len(rows), NEW_TOKENS, dtype=torch.long)], 1))
    assert margin > SMALLEST_MARGIN, margin
    return found[:, width:].tolist()


def numbers(values: torch.Tensor) -> list:
    return [float(f"{value:.7g}") for value in values.flatten().tolist()]


@torch.no_grad()
def main() -> None:
    files = {}
    for name, sizes in MODELS.items():
        config = BASE | sizes
        model = make(config)
        prompts = [(draws(f"{name} prompt {row}", length) % config["vocab_size"]).tolist() for row, length in enumerate(LENGTHS)]
        logits = [model(input_ids=torch.tensor([row]), use_cache=False).logits[0] for row in prompts]
        tokens = [generate(model, [row])[0] for row in prompts]
        batch = generate(model, prompts)
        final = model(input_ids=torch.tensor([prompts[0] + tokens[0]]), use_cache=False).logits[0, -1]
        files[name] = {
            "config": config, "parameters": sum(p.numel() for p in model.parameters()), "prompts": prompts,
            "logits": [numbers(row[-1]) for row in logits], "tokens": tokens, "batchTokens": batch,
            "allLogits": numbers(logits[0]), "finalLogits": numbers(final),
        }
        print(name, files[name]["parameters"], "same tokens alone and in a batch:", tokens == batch, "distinct:", [len(set(t)) for t in tokens])
    body = ",\n".join(f"{json.dumps(name)}: {json.dumps(file, separators=(',', ':'))}" for name, file in files.items())
    (HERE / "lfm2.json").write_text(f"{{\n{body}\n}}\n", "ascii")


if __name__ == "__main__":
    main()
