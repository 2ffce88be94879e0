"""Makes steps_*.safetensors: training steps of PyTorch, each with the parameters and moments that it started from.

    pip install torch==2.15.0 safetensors==0.8.0
    python tests/golden/train/make_steps.py

Initial values and batches are exact (tests/peers/exact_values.py), so only states, losses and gradients are stored.
Batch of step t (from 0): exact_values(rows * width, stream=1000 + t).
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent.parent / "peers"))
from exact_values import exact_values, lnsp_student, set_exact_weights  # noqa: E402

torch.set_num_threads(1)
ROWS = 16
WIDTH = 4


class Mixed(torch.nn.Module):
    """Linear, LayerNorm, GELU, Linear, Tanh, Linear: as `mixedModel` of tests/train/parity_test.ts."""

    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.first, self.norm, self.second, self.third = nn.Linear(WIDTH, 6), nn.LayerNorm(6), nn.Linear(6, 3), nn.Linear(3, WIDTH)

    def forward(self, x):
        hidden = torch.nn.functional.gelu(self.norm(self.first(x)))
        return self.third(torch.tanh(self.second(hidden)))


def mean_squared_error(y, x):
    return torch.nn.functional.mse_loss(y, x)


def alignment_loss(y, x, weight=0.3):
    cosine = torch.nn.functional.cosine_similarity(y, x, dim=-1)
    return (1 - weight) * mean_squared_error(y, x) + weight * (1 - cosine.mean())


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def moments(optimizer, parameters, key):
    return flat([optimizer.state[p].get(key, torch.zeros_like(p)) for p in parameters])


def run(model, loss_function, make_optimizer, steps):
    parameters = list(model.parameters())
    set_exact_weights(parameters)
    optimizer = make_optimizer(parameters)
    rows = {"loss": [], "gradient": [], "firstMoment": [], "secondMoment": [], "parameter": [flat(parameters)]}
    for step in range(steps):
        x = exact_values(ROWS * WIDTH, 1000 + step).reshape(ROWS, WIDTH)
        rows["firstMoment"].append(moments(optimizer, parameters, "exp_avg"))
        rows["secondMoment"].append(moments(optimizer, parameters, "exp_avg_sq"))
        optimizer.zero_grad(set_to_none=True)
        loss = loss_function(model(x), x)
        loss.backward()
        optimizer.step()
        rows["loss"].append(loss.detach())
        rows["gradient"].append(flat([p.grad for p in parameters]))
        rows["parameter"].append(flat(parameters))
    return {name: torch.stack(values).float().contiguous() for name, values in rows.items()}


def write(name, *arguments):
    metadata = {"torch": torch.__version__, "rows": str(ROWS), "width": str(WIDTH)}
    save_file(run(*arguments), HERE / f"steps_{name}.safetensors", metadata=metadata)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-2)


def adam_w(parameters):
    return torch.optim.AdamW(parameters, lr=1e-2, weight_decay=0.1)


write("adam_mse", lnsp_student(WIDTH, 6, 3), mean_squared_error, adam, 200)
write("adamw_alignment", lnsp_student(WIDTH, 6, 3), alignment_loss, adam_w, 40)
write("adam_mixed", Mixed(), mean_squared_error, adam, 40)
