"""Makes optimizer.safetensors: PyTorch's Adam and AdamW on vectors, three steps from a given state.

    pip install torch==2.15.0 safetensors==0.8.0
    python tests/golden/train/make_optimizer.py

Per case 48 values: gradients of common size, then tiny, huge, zero, and so large that their square overflows.
"""
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
torch.set_num_threads(1)
torch.manual_seed(20250723)
SIZE = 48
CASES = {
    "adam": (torch.optim.Adam, dict(lr=1e-3), 1),
    "adam_decay": (torch.optim.Adam, dict(lr=1e-3, weight_decay=0.1), 1),
    "adam_late": (torch.optim.Adam, dict(lr=3e-4), 1000),
    "adam_settings": (torch.optim.Adam, dict(lr=0.05, betas=(0.5, 0.99), eps=1e-4), 7),
    "adamw": (torch.optim.AdamW, dict(lr=1e-3, weight_decay=0.1), 1),
    "adamw_late": (torch.optim.AdamW, dict(lr=1e-2, weight_decay=0.01), 1000),
}


def gradients():
    scale = torch.ones(SIZE)
    scale[16:24], scale[24:32], scale[32:40], scale[40:] = 1e-12, 1e10, 0, 1e25
    return torch.randn(SIZE) * scale


tensors = {}
for name, (kind, settings, step) in CASES.items():
    parameter = torch.nn.Parameter(torch.randn(SIZE))
    optimizer = kind([parameter], **settings)
    tensors[f"{name}/parameter"] = parameter.detach().clone()
    first = torch.zeros(SIZE) if step == 1 else torch.randn(SIZE) * 0.1
    second = torch.zeros(SIZE) if step == 1 else torch.rand(SIZE) * 0.1
    optimizer.state[parameter] = dict(step=torch.tensor(float(step - 1)), exp_avg=first, exp_avg_sq=second)
    tensors[f"{name}/firstMoment"], tensors[f"{name}/secondMoment"] = first.clone(), second.clone()
    for i in range(3):
        parameter.grad = gradients()
        tensors[f"{name}/gradient{i}"] = parameter.grad.clone()
        optimizer.step()
        state = optimizer.state[parameter]
        tensors[f"{name}/parameter{i}"] = parameter.detach().clone()
        tensors[f"{name}/firstMoment{i}"] = state["exp_avg"].clone()
        tensors[f"{name}/secondMoment{i}"] = state["exp_avg_sq"].clone()
save_file(tensors, HERE / "optimizer.safetensors", metadata={"torch": torch.__version__})
