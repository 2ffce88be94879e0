"""Makes forecaster.json: what PyTorch makes of training steps of the forecaster with a million parameters.

    pip install torch==2.15.0
    python tests/golden/models/make_forecaster.py

A state of a million parameters and two moments takes 12 MB, so none is stored: before each step parameters, moments and batch are
set by a rule that both sides compute to the last bit (tests/peers/exact_values.py), and of gradients and updates are kept their
norms, their first values, and their products with vectors of that rule (`sketches`): the mean square of a difference of
sketches, times three, is on average the squared norm of the difference.

- parameter i of step t: stream 64 t + i, scale 2^-floor(log2(fan in) / 2), where vectors go with the matrix before them
- its first moment: stream 4096 + 64 t + i, scale 2^-11; its second: (stream 8192 + 64 t + i, plus 3) times 2^-12, squared
- x and y of step t: streams 16384 + 2 t and 16385 + 2 t
- sketch k: stream 20000 + k, over all values in the order of `names`

The model is that of tests/peers/forecaster.py. `losses` are those of a run that goes on from the state of step 0 without moments, on the same batches.
"""
import json
from pathlib import Path
import sys

import torch
from torch import nn

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent.parent / "peers"))
from exact_values import exact_values  # noqa: E402
from forecaster import Forecaster, named_parameters  # noqa: E402

torch.set_num_threads(1)
STEPS, ROWS, SKETCHES, VALUES = 8, 4, 8, 3
FEATURES, CONTEXT, HORIZON = 3, 12, 5
HIDDEN, FEED_FORWARD, HEADS, LAYERS = 208, 720, 4, 2
LEARNING_RATE = 1e-3


def exact_like(tensor, stream, scale=1.0):
    return exact_values(tensor.numel(), stream, scale).reshape(tensor.shape)


@torch.no_grad()
def set_state(named, step, optimizer=None):
    fan_in = 1
    for i, (_, parameter) in enumerate(named):
        if parameter.dim() == 2:
            fan_in = parameter.shape[1]
        parameter.copy_(exact_like(parameter, 64 * step + i, 2.0 ** -((fan_in.bit_length() - 1) // 2)))
        if optimizer is None:
            continue
        second = (exact_like(parameter, 8192 + 64 * step + i) + 3) * 2.0**-12
        optimizer.state[parameter] = {
            "step": torch.tensor(float(step)),
            "exp_avg": exact_like(parameter, 4096 + 64 * step + i, 2.0**-11),
            "exp_avg_sq": second * second,
        }


def batch(step):
    x = exact_values(ROWS * CONTEXT * FEATURES, 16384 + 2 * step).reshape(ROWS, CONTEXT, FEATURES)
    return x, exact_values(ROWS * HORIZON, 16385 + 2 * step).reshape(ROWS, HORIZON)


def take_step(model, optimizer, step):
    x, y = batch(step)
    optimizer.zero_grad(set_to_none=True)
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def rounded(value):
    return float(f"{value:.9g}")


def facts(tensors, directions):
    """What is kept of a vector for each parameter."""
    flat = torch.cat([tensor.flatten() for tensor in tensors]).double()
    return {
        "norms": [rounded(tensor.double().norm().item()) for tensor in tensors],
        "values": [[rounded(value) for value in tensor.flatten()[:VALUES].tolist()] for tensor in tensors],
        "sketches": [rounded((flat * direction).sum().item()) for direction in directions],
    }


def main():
    model = Forecaster(FEATURES, HORIZON, HIDDEN, FEED_FORWARD, HEADS, LAYERS)
    named = named_parameters(model, LAYERS)
    assert len(named) == len(list(model.parameters())) < 64
    parameters = [parameter for _, parameter in named]
    count = sum(parameter.numel() for parameter in parameters)
    directions = [exact_values(count, 20000 + k).double() for k in range(SKETCHES)]
    steps = []
    for step in range(STEPS):
        optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE)
        set_state(named, step, optimizer)
        before = [parameter.detach().clone() for parameter in parameters]
        loss = take_step(model, optimizer, step)
        updates = [after.detach() - start for after, start in zip(parameters, before)]
        gradients = [parameter.grad for parameter in parameters]
        steps.append({
            "loss": rounded(loss), "gradient": facts(gradients, directions), "update": facts(updates, directions),
        })
    set_state(named, 0)
    optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    losses = [rounded(take_step(model, optimizer, step)) for step in range(STEPS)]
    document = {
        "torch": torch.__version__, "parameters": count, "rows": ROWS, "learningRate": LEARNING_RATE,
        "config": {
            "features": FEATURES, "context": CONTEXT, "horizon": HORIZON, "hiddenDim": HIDDEN,
            "feedForwardDim": FEED_FORWARD, "heads": HEADS,
        },
        "names": [name for name, _ in named], "losses": losses, "steps": steps,
    }
    (HERE / "forecaster.json").write_text(json.dumps(document, separators=(",", ":")).replace('{"loss"', '\n{"loss"') + "\n")


main()
