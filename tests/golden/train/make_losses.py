"""Makes losses.json: the first ten losses of PyTorch on the first 2,560 training rows of data/wordnet-20k, in order.

    pip install torch==2.15.0 safetensors==0.8.0
    python tests/golden/train/make_losses.py

384-256-192-256-384 with exact initial values (tests/peers/exact_values.py), batch 256, MSE, Adam at 1e-3.
"""
import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent.parent / "peers"))
from exact_values import lnsp_student, set_exact_weights  # noqa: E402

torch.set_num_threads(1)
BATCH = 256
folder = HERE.parent.parent.parent / "data" / "wordnet-20k"
manifest = json.loads((folder / "manifest.json").read_text())
column = manifest["columns"]["embedding"]
with safe_open(folder / column["file"], framework="pt") as file:
    start = manifest["splits"]["train"]["start"]
    rows = file.get_slice(column["tensor"])[start : start + 10 * BATCH].float()

model = lnsp_student(384, 256, 192)
set_exact_weights(list(model.parameters()))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
losses = []
for x in rows.split(BATCH):
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.mse_loss(model(x), x)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
(HERE / "losses.json").write_text(json.dumps({"torch": torch.__version__, "losses": losses}, indent=2) + "\n")
