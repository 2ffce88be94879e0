"""PyTorch's side of `deno task bench:train`: eager, fused Adam, data in memory. Arguments: student dim, batch size, threads.

Speaks JSON lines: first the losses of its first steps, then, for each {"settle", "steps"}, how long each step took.
"""
import json
import sys
from time import perf_counter

import torch
from exact_values import exact_values, lnsp_student, set_exact_weights

ROWS, WIDTH, CHECKED_STEPS = 16384, 384, 5
student_dim, batch_size, threads = map(int, sys.argv[1:4])
torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
torch.set_flush_denormal(True)

started = perf_counter()
model = lnsp_student(WIDTH, student_dim, 192)
set_exact_weights(list(model.parameters()))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
data = exact_values(ROWS * WIDTH, 1000, 2.0**-4).reshape(ROWS, WIDTH)
batches = data.split(batch_size)
create_ms = (perf_counter() - started) * 1e3
taken = 0


def take_step():
    global taken
    x = batches[taken % len(batches)]
    taken += 1
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.mse_loss(model(x), x)
    loss.backward()
    optimizer.step()
    return loss


def send(message):
    print(json.dumps(message), flush=True)


before = perf_counter()
losses = [take_step().item() for _ in range(CHECKED_STEPS)]
send({"losses": losses, "createMs": create_ms, "checkedStepsMs": (perf_counter() - before) * 1e3, "version": torch.__version__})
for line in sys.stdin:
    request = json.loads(line)
    for _ in range(request["settle"]):
        take_step()
    samples = []
    for _ in range(request["steps"]):
        before = perf_counter()
        take_step()
        samples.append((perf_counter() - before) * 1e3)
    send({"samplesMs": samples})
