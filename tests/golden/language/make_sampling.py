"""Makes sampling.json: the tokens that transformers' logits processors keep, with their probabilities.

    pip install torch==2.15.0 transformers==5.23.0
    python tests/golden/language/make_sampling.py
"""
import json
from pathlib import Path

import torch
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCABULARY = 40
CASES = [
    {"temperature": 1.0},
    {"temperature": 0.3, "minP": 0.15, "repetitionPenalty": 1.05},
    {"temperature": 0.7, "topP": 0.9},
    {"temperature": 1.0, "topP": 0.5},
    {"temperature": 1.3, "topK": 5},
    {"temperature": 0.8, "topK": 12, "topP": 0.8},
    {"temperature": 1.5, "topK": 20, "topP": 0.95, "minP": 0.05, "repetitionPenalty": 1.3},
    {"temperature": 2.0, "minP": 0.3},
    {"temperature": 0.05, "topP": 0.1},
    {"temperature": 1.0, "repetitionPenalty": 0.5},
    {"temperature": 0.9, "topK": 1},
    {"temperature": 1.0, "minP": 1.0},
]


def processors(case):
    """In the order of GenerationMixin._get_logits_processor."""
    chain = LogitsProcessorList()
    if "repetitionPenalty" in case:
        chain.append(RepetitionPenaltyLogitsProcessor(case["repetitionPenalty"]))
    chain.append(TemperatureLogitsWarper(case["temperature"]))
    if "topK" in case:
        chain.append(TopKLogitsWarper(case["topK"]))
    if "topP" in case:
        chain.append(TopPLogitsWarper(case["topP"]))
    if "minP" in case:
        chain.append(MinPLogitsWarper(case["minP"]))
    return chain


def made(index, case):
    torch.manual_seed(index)
    logits = torch.randn(1, VOCABULARY) * 3
    if index % 2 == 1 and "topP" not in case:  # ties: top-k keeps them together, which of them top-p keeps is open
        logits = torch.round(logits)
    seen = torch.randint(0, VOCABULARY, (1, 9))
    scores = processors(case)(seen, logits.clone())
    probabilities = torch.softmax(scores.double(), dim=-1)[0]
    kept = [i for i in range(VOCABULARY) if scores[0, i] > -float("inf")]
    return {
        "filters": case,
        "logits": [float(value) for value in logits[0]],
        "seen": seen[0].tolist(),
        "tokens": kept,
        "probabilities": [float(probabilities[i]) for i in kept],
    }


golden = [made(index, case) for index, case in enumerate(CASES * 3)]
Path(__file__).with_name("sampling.json").write_text(json.dumps(golden) + "\n")
