"""Makes all_dtypes.safetensors with the reference implementation, and its values as all_dtypes.json.

    pip install torch==2.15.0 safetensors==0.8.0
    python tests/golden/data/make_safetensors.py
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
FLOATS = [0.0, -0.0, 1.5, -2.25, 65504.0, 2.0**-24]
tensors = {
    "z.f64": torch.tensor([[0.1, -1e300], [3.0, 2.0**-1074]], dtype=torch.float64),
    "a.f32": torch.tensor([0.1, -3.5e38, 1e-45], dtype=torch.float32),
    "10": torch.tensor([2.0], dtype=torch.float32),
    "2": torch.tensor([1.0], dtype=torch.float32),
    "f16": torch.tensor([FLOATS], dtype=torch.float16),
    "bf16": torch.tensor(FLOATS, dtype=torch.bfloat16),
    "i64": torch.tensor([2**62 + 1, -1], dtype=torch.int64),
    "i32": torch.tensor([[-(2**31)], [7]], dtype=torch.int32),
    "u8": torch.tensor([0, 255, 3], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(4.0, dtype=torch.float32),
    "empty": torch.zeros((0, 3), dtype=torch.float32),
}
save_file(tensors, HERE / "all_dtypes.safetensors", metadata={"format": "pt"})


def listed(tensor):
    flat = tensor.flatten()
    if tensor.dtype == torch.int64:
        return [str(value) for value in flat.tolist()]  # beyond JSON's exact integers
    return [repr(value) for value in flat.to(torch.float64).tolist()]


values = {name: {"shape": list(tensor.shape), "values": listed(tensor)} for name, tensor in tensors.items()}
(HERE / "all_dtypes.json").write_text(json.dumps(values, indent=1) + "\n")
