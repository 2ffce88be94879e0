"""PyTorch's sides of `deno task bench:webgpu`: fused Adam, float32 with TF32 off. Arguments: student dim, batch size, then any of
`compiled` (torch.compile) and `resident` (all rows on the GPU and no loss read: PyTorch at its best; else a batch is copied from
pinned memory and the loss read at each step, as ours does).

Speaks JSON lines: first the losses of its first steps, then, for each {"settle", "steps"}, how long each step took. A resident
side waits for the GPU once a request, so its samples are the mean.
"""
import json
import os
import sys
from time import perf_counter

import torch
from exact_values import exact_values, lnsp_student, set_exact_weights

ROWS, WIDTH, CHECKED_STEPS = 16384, 384, 5
student_dim, batch_size = map(int, sys.argv[1:3])
resident, compiled = "resident" in sys.argv[3:], "compiled" in sys.argv[3:]
device = os.environ.get("PEER_DEVICE", "cuda")  # "cpu" only to try the script where there is no GPU
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


started = perf_counter()
model = lnsp_student(WIDTH, student_dim, 192)
set_exact_weights(list(model.parameters()))
model.to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
data = exact_values(ROWS * WIDTH, 1000, 2.0**-4).reshape(ROWS, WIDTH)
data = data.to(device) if resident else data.pin_memory() if device == "cuda" else data
batches = data.split(batch_size)
create_ms = (perf_counter() - started) * 1e3
taken = 0


def loss_of(x):
    return torch.nn.functional.mse_loss(model(x), x)


if compiled:
    loss_of = torch.compile(loss_of)


def take_step():
    global taken
    x = batches[taken % len(batches)].to(device, non_blocking=True)
    taken += 1
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(x)
    loss.backward()
    optimizer.step()
    return loss


def send(message):
    print(json.dumps(message), flush=True)


before = perf_counter()
losses = [take_step().item() for _ in range(CHECKED_STEPS)]
checked_ms = (perf_counter() - before) * 1e3
name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
send({"losses": losses, "createMs": create_ms, "checkedStepsMs": checked_ms, "version": torch.__version__, "device": name})
for line in sys.stdin:
    request = json.loads(line)
    for _ in range(request["settle"]):
        take_step()
    wait()
    samples = []
    started = perf_counter()
    for _ in range(request["steps"]):
        before = perf_counter()
        loss = take_step()
        if not resident:
            loss.item()
        samples.append((perf_counter() - before) * 1e3)
    wait()
    if resident:
        samples = [(perf_counter() - started) * 1e3 / request["steps"]] * request["steps"]
    send({"samplesMs": samples})
