"""SGD of PyTorch on random vectors, and the norm-clipped and accumulated update: golden values for the optimizer kernel.

Usage: python make_sgd.py OUTPUT.safetensors
"""

import sys

import torch
from safetensors.torch import save_file

CASES = {
    "plain": dict(lr=0.1),
    "momentum": dict(lr=0.05, momentum=0.9),
    "nesterov": dict(lr=0.05, momentum=0.9, nesterov=True),
    "decay": dict(lr=0.05, momentum=0.5, weight_decay=0.1),
}
COUNT = 48
generator = torch.Generator().manual_seed(1)


def draw(scale=1.0):
    return torch.randn(COUNT, generator=generator) * scale


tensors = {}
for name, options in CASES.items():
    parameter = torch.nn.Parameter(draw())
    tensors[f"{name}/parameter"] = parameter.detach().clone()
    optimizer = torch.optim.SGD([parameter], foreach=False, fused=False, **options)
    for i in range(3):
        parameter.grad = draw(10.0 ** (i - 1))
        tensors[f"{name}/gradient{i}"] = parameter.grad.clone()
        optimizer.step()
        tensors[f"{name}/parameter{i}"] = parameter.detach().clone()

# Two batches a step, their mean clipped to a norm of 0.5, plain SGD.
parameter = torch.nn.Parameter(draw())
tensors["clipped/parameter"] = parameter.detach().clone()
optimizer = torch.optim.SGD([parameter], lr=0.1)
for i in range(2):
    first, second = draw(10.0 ** (2 * i - 2)), draw(10.0 ** (2 * i - 2))
    tensors[f"clipped/first{i}"], tensors[f"clipped/second{i}"] = first, second
    parameter.grad = (first + second) / 2
    torch.nn.utils.clip_grad_norm_([parameter], 0.5)
    optimizer.step()
    tensors[f"clipped/parameter{i}"] = parameter.detach().clone()

save_file(tensors, sys.argv[1])
