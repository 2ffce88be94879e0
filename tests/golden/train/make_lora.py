"""LoRA steps of small LFM2 models by peft and by mlx-lm, for tests/train/lora/.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 "mlx[cpu]==0.32.4" mlx-lm==0.32.2
    python tests/golden/train/make_lora.py

Writes lora_steps.safetensors: of three adapted models, STEPS steps of peft and PyTorch: `CASE/STEP/loss`, `CASE/STEP/gradient/NAME` and after the
update `CASE/STEP/factor/NAME`; its metadata has each case as JSON: `config` of the model, `lora`, `optimizer`, `tokens` and `labels` (-100: not
counted; -1 in `tokens`: padding).

Writes lora_mlx.json: the losses of ten iterations of mlx-lm's own trainer with its defaults (rank 8, scale 20, every linear layer of the last 16
layers, Adam without bias correction at 1e-5, batches of 4), with the `config`, and of each batch the `tokens` and `lengths` as the trainer has them.

Weights of the models are made by rule, see ../models/make_lfm2.py; so are first values of factors: A uniform within 1/sqrt(in), B zero for mlx-lm
and small for peft, so that A has a gradient from the first step on.
"""
import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.numpy import save_file

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "models"))
from make_lfm2 import BASE, MODELS, draws, make, weights  # noqa: E402

STEPS = 3
CASES = {
    # The seed's modules, in the last four of six layers.
    "queries": {
        "model": "hub", "lora": {"rank": 2, "alpha": 8, "lastLayers": 4, "targetModules": ["q_proj", "v_proj"]},
        "optimizer": {"kind": "adam", "learningRate": 1e-2}, "lengths": [7],
    },
    # Every linear layer, embeddings untied, so that there are two tables.
    "every": {
        "model": "untied",
        "lora": {
            "rank": 2, "alpha": 2, "lastLayers": None,
            "targetModules": ["q_proj", "k_proj", "v_proj", "out_proj", "in_proj", "w1", "w2", "w3"],
        },
        "optimizer": {"kind": "adamW", "learningRate": 3e-3}, "lengths": [5, 5],
    },
    # Rows of unlike lengths; a scale that is no power of two.
    "padded": {
        "model": "attention", "lora": {"rank": 3, "alpha": 20, "lastLayers": 1, "targetModules": ["self_attn.q_proj", "w1"]},
        "optimizer": {"kind": "adam", "learningRate": 1e-2}, "lengths": [6, 4, 1],
    },
}


def factor(name: str, shape: tuple[int, int], largest: float) -> np.ndarray:
    return (draws(name, math.prod(shape)) / 127 * largest).reshape(shape).astype(np.float32)


def batch(name: str, lengths: list[int], vocabulary: int) -> tuple[list[list[int]], list[list[int]]]:
    """Rows padded behind; each position's label is the token after it."""
    longest = max(lengths)
    tokens, labels = [], []
    for row, length in enumerate(lengths):
        drawn = [int(value) % vocabulary for value in draws(f"{name}/{row}", length + 1)]
        tokens.append(drawn[:-1] + [-1] * (longest - length))
        labels.append(drawn[1:] + [-100] * (longest - length))
    return tokens, labels


def peft_steps() -> None:
    tensors, cases = {}, {}
    for name, case in CASES.items():
        config = {**BASE, **MODELS[case["model"]]}
        lora = case["lora"]
        count, last = config["num_hidden_layers"], lora["lastLayers"]
        adapted = get_peft_model(make(config), LoraConfig(
            r=lora["rank"], lora_alpha=lora["alpha"], lora_dropout=0.0, bias="none", target_modules=lora["targetModules"],
            layers_to_transform=None if last is None else list(range(count - last, count)), task_type="CAUSAL_LM",
        ))
        adapted.train()
        trained = {
            full.removeprefix("base_model.model.").replace(".default", ""): value
            for full, value in adapted.named_parameters() if value.requires_grad
        }
        with torch.no_grad():
            for key, value in trained.items():
                largest = 1 / math.sqrt(value.shape[1]) if "lora_A" in key else 0.02
                value.copy_(torch.from_numpy(factor(key, tuple(value.shape), largest)))
        optimizer = {"adam": torch.optim.Adam, "adamW": torch.optim.AdamW}[case["optimizer"]["kind"]](
            trained.values(), lr=case["optimizer"]["learningRate"]
        )
        tokens, labels = batch(name, case["lengths"], config["vocab_size"])
        ids = torch.tensor(tokens)
        for step in range(1, STEPS + 1):
            optimizer.zero_grad()
            logits = adapted(input_ids=ids.clamp(min=0), attention_mask=(ids >= 0).long(), use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.tensor(labels).flatten())
            loss.backward()
            tensors[f"{name}/{step}/loss"] = np.float32(loss.item()).reshape(1)
            for key, value in trained.items():
                tensors[f"{name}/{step}/gradient/{key}"] = value.grad.numpy().copy()
            optimizer.step()
            for key, value in trained.items():
                tensors[f"{name}/{step}/factor/{key}"] = value.detach().numpy().copy()
        cases[name] = {
            "config": config, "lora": {**lora, "dropout": 0}, "optimizer": case["optimizer"], "tokens": tokens, "labels": labels,
        }
    save_file(tensors, HERE / "lora_steps.safetensors", {"cases": json.dumps(cases)})
    (HERE / "lora_steps.safetensors").chmod(0o644)


MLX_CONFIG = {
    **BASE, "vocab_size": 61, "hidden_size": 16, "block_dim": 16, "block_ff_dim": 48, "block_auto_adjust_ff_dim": True, "block_multiple_of": 8,
    "block_ffn_dim_multiplier": 1.0, "num_hidden_layers": 16, "full_attn_idxs": [2, 5, 8, 10, 12, 14], "num_attention_heads": 2,
    "num_key_value_heads": 1, "conv_L_cache": 3, "rope_theta": 1000000.0, "max_position_embeddings": 128, "tie_word_embeddings": True,
}


class Sentences:
    """Rows of tokens as mlx-lm's data sets give them: tokens, and how many of them are a prompt that is not counted."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]

    def process(self, row):
        return (row, 0)


def mlx_model(config: dict):
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models.lfm2 import Model, ModelArgs

    model = Model(ModelArgs.from_dict(config))
    made = make(config).state_dict()
    values = model.sanitize({name: mx.array(value.numpy()) for name, value in made.items() if name != "lm_head.weight"})
    model.load_weights(list(values.items()))
    assert len(values) == len(tree_flatten(model.parameters()))
    return model


def mlx_losses() -> None:
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm import lora
    from mlx_lm.tuner import trainer
    from mlx_lm.tuner.utils import linear_to_lora_layers

    args = SimpleNamespace(**{**lora.CONFIG_DEFAULTS, "iters": 10, "steps_per_report": 1})
    args.adapter_path = "/tmp/mlx-lora-golden"
    args.resume_adapter_file = f"{args.adapter_path}-first.safetensors"
    model = mlx_model(MLX_CONFIG)
    first = mlx_model(MLX_CONFIG)
    first.freeze()
    linear_to_lora_layers(first, args.num_layers, args.lora_parameters)
    start = {}
    for name, value in tree_flatten(first.trainable_parameters()):
        if name.endswith("lora_a"):
            rows, rank = value.shape
            start[name] = mx.array(factor(name.replace(".lora_a", ".lora_A.weight"), (rank, rows), 1 / math.sqrt(rows)).T)
        else:
            start[name] = mx.zeros(value.shape)
    mx.save_safetensors(args.resume_adapter_file, start)
    lengths = [9, 31, 5, 14, 33, 7, 12, 20, 40, 6, 11, 17]
    data = Sentences([[int(v) % MLX_CONFIG["vocab_size"] for v in draws(f"mlx/{i}", n)] for i, n in enumerate(lengths)])
    np.random.seed(args.seed)
    drawn = trainer.iterate_batches(trainer.CacheDataset(data), args.batch_size, args.max_seq_length, loop=True)
    batches = [next(drawn) for _ in range(args.iters)]
    losses = []

    class Callback:
        def on_train_loss_report(self, report):
            losses.append(report["train_loss"])

    np.random.seed(args.seed)
    lora.train_model(args, model, data, Sentences([]), Callback())
    content = {
        "config": MLX_CONFIG, "rank": args.lora_parameters["rank"], "scale": args.lora_parameters["scale"], "lastLayers": args.num_layers,
        "learningRate": args.learning_rate, "losses": losses,
        "batches": [{"tokens": tokens.tolist(), "lengths": spans[:, 1].tolist()} for tokens, spans in batches],
    }
    (HERE / "lora_mlx.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    peft_steps()
    mlx_losses()
