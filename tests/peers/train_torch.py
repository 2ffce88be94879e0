"""PyTorch's sides of `deno task bench:train`: data in memory. Arguments: student dim, batch size, threads, and optionally
`compiled`: the whole step, Adam included, as one compiled graph; else eager with fused Adam.

Speaks JSON lines: first the losses of its first steps, then, for each {"settle", "steps"}, how long each step took.
"""
import json
import sys
from time import perf_counter

try:
    import torch
    from exact_values import exact_values, lnsp_student, set_exact_weights
except ImportError as error:
    sys.exit(f"Cannot run PyTorch's side: {sys.executable} cannot import it: {error}")

ROWS, WIDTH, CHECKED_STEPS = 16384, 384, 5
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def eager_step(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

    def step(x, _):
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(model(x), x)
        loss.backward()
        optimizer.step()
        return loss

    return step


def compiled_step(model):
    """torch.optim's own step breaks the graph and is slower when compiled; written out, it is fused with the gradients."""
    parameters = {name: value.detach().clone() for name, value in model.named_parameters()}
    first = {name: torch.zeros_like(value) for name, value in parameters.items()}
    second = {name: torch.zeros_like(value) for name, value in parameters.items()}

    def loss_of(values, x):
        return torch.nn.functional.mse_loss(torch.func.functional_call(model, values, (x,)), x)

    def update(parameters, first, second, x, step_size, correction):
        gradients, loss = torch.func.grad_and_value(loss_of)(parameters, x)
        for name, gradient in gradients.items():
            first[name].lerp_(gradient, 1 - BETA1)
            second[name].mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            parameters[name].sub_(step_size * first[name] / (second[name].sqrt() * correction + EPSILON))
        return loss

    compiled = torch.compile(update, fullgraph=True, dynamic=False)

    @torch.no_grad()
    def step(x, taken):
        # Tensors: a number would be compiled in, once a step.
        step_size = torch.tensor(LEARNING_RATE / (1 - BETA1**taken))
        correction = torch.tensor((1 - BETA2**taken) ** -0.5)
        return compiled(parameters, first, second, x, step_size, correction)

    return step


def main(student_dim, batch_size, threads, mode="eager"):
    torch.set_num_threads(int(threads))
    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    started = perf_counter()
    model = lnsp_student(WIDTH, int(student_dim), 192)
    set_exact_weights(list(model.parameters()))
    step = compiled_step(model) if mode == "compiled" else eager_step(model)
    batches = exact_values(ROWS * WIDTH, 1000, 2.0**-4).reshape(ROWS, WIDTH).split(int(batch_size))
    create_ms = (perf_counter() - started) * 1e3
    taken = 0

    def take_step():
        nonlocal taken
        x = batches[taken % len(batches)]
        taken += 1
        return step(x, taken)

    def timed_step():
        before = perf_counter()
        take_step()
        return (perf_counter() - before) * 1e3

    before = perf_counter()
    losses = [take_step().item() for _ in range(CHECKED_STEPS)]
    checked_ms = (perf_counter() - before) * 1e3
    send({"losses": losses, "createMs": create_ms, "checkedStepsMs": checked_ms, "version": torch.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        for _ in range(request["settle"]):
            take_step()
        send({"samplesMs": [timed_step() for _ in range(request["steps"])]})


def send(message):
    print(json.dumps(message), flush=True)


main(*sys.argv[1:])
