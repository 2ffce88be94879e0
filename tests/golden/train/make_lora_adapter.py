"""Logits that peft and mlx-lm give with an adapter that was trained by Latent Lab, for tests/train/lora/adapter_logits_test.ts.

    pip install torch==2.15.0 transformers==5.23.0 peft==0.21.2 "mlx[cpu]==0.32.4" mlx-lm==0.32.2
    deno run -A tests/golden/train/make_lora_adapter.ts && python tests/golden/train/make_lora_adapter.py

Loads lora_adapter/peft with PeftModel.from_pretrained and lora_adapter/mlx with mlx-lm's load_adapters, refuses any difference between them beyond
rounding, and writes lora_adapter.json: `tokens`, and `[positions, vocabulary]` logits of the `base` model, by `peft` and by `mlx`. Also converts
each way: what Latent Lab saved in one form and these libraries save again is read by the test (lora_adapter/resaved_peft).
"""
import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np
import torch
from mlx_lm.tuner.utils import load_adapters
from peft import PeftModel

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "models"))
sys.path.insert(0, str(HERE))
from make_lfm2 import BASE, LENGTHS, MODELS, draws, make  # noqa: E402
from make_lora import mlx_model  # noqa: E402


def numbers(values: np.ndarray) -> list:
    return [float(f"{value:.7g}") for value in values.astype(np.float64).flatten()]


@torch.no_grad()
def main() -> None:
    config = BASE | MODELS["hub"]
    tokens = (draws("hub prompt 0", LENGTHS[0]) % config["vocab_size"]).tolist()
    ids = torch.tensor([tokens])
    base = make(config)(input_ids=ids, use_cache=False).logits[0].numpy()
    adapted = PeftModel.from_pretrained(make(config), str(HERE / "lora_adapter" / "peft"))
    by_peft = adapted.eval()(input_ids=ids, use_cache=False).logits[0].numpy()
    adapted.save_pretrained(str(HERE / "lora_adapter" / "resaved_peft"))
    (HERE / "lora_adapter" / "resaved_peft" / "README.md").unlink(missing_ok=True)
    (HERE / "lora_adapter" / "resaved_peft" / "adapter_model.safetensors").chmod(0o644)
    model = load_adapters(mlx_model(config | {"block_dim": config["hidden_size"]}), str(HERE / "lora_adapter" / "mlx"))
    model.eval()
    by_mlx = np.array(model(mx.array([tokens]))[0])
    assert np.abs(by_peft - by_mlx).max() < 1e-4, np.abs(by_peft - by_mlx).max()
    assert np.abs(by_peft - base).max() > 0.5, "the adapter changes the model"
    content = {"tokens": tokens, "base": numbers(base), "peft": numbers(by_peft), "mlx": numbers(by_mlx)}
    (HERE / "lora_adapter.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
