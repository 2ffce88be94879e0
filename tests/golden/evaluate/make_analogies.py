"""Makes analogies.json: small vectors with the analogy scores that numpy, scipy and scikit-learn give them.

    pip install numpy scipy scikit-learn==1.9.1
    python tests/golden/evaluate/make_analogies.py

Written straight from the formulas, one question and one candidate at a time: 3CosAdd (Mikolov et al. 2013), 3CosMul (Levy and
Goldberg 2014), 3CosAvg (Drozd et al. 2016), offset concentration and pairing consistency (Fournier et al. 2020).
"""
import json
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cosine as cosine_distance
from sklearn.metrics import roc_auc_score

WORDS, WIDTH, EPSILON = 60, 5, 0.001
generator = np.random.default_rng(11)
# Two relations with noisy offsets in a cloud of other words, not of norm 1; float32, so that the file's numbers are what the library reads.
x = generator.normal(size=(WORDS, WIDTH)) * generator.uniform(0.5, 2, size=(WORDS, 1))
offsets = generator.normal(size=(2, WIDTH))
pairs = [(2 * i, 2 * i + 1, "first" if i < 9 else "second") for i in range(16)]
for source, target, category in pairs:
    x[target] = x[source] + offsets[int(category == "second")] + 0.3 * generator.normal(size=WIDTH)
x = x.astype(np.float32)
unit = (x / np.linalg.norm(x, axis=1, keepdims=True).astype(np.float32)).astype(np.float64)

questions = []
for c, d, category in pairs:
    others = [pair for pair in pairs if pair[2] == category and pair[0] != c]
    for index in generator.choice(len(others), size=2, replace=False):
        a, b, _ = others[index]
        accepted = [d] + ([int(generator.integers(32, WORDS))] if generator.uniform() < 0.3 else [])
        questions.append({"category": category, "a": a, "b": b, "c": c, "d": accepted})


def cos(u, v):
    return 1 - cosine_distance(u, v)


def rank(scores, accepted, excluded):
    best = max(scores[row] for row in accepted)
    return 1 + sum(scores[row] >= best for row in range(WORDS) if row not in accepted and row not in excluded)


def ranks(score, question, inputs):
    scores = [score(unit[row]) for row in range(WORDS)]
    return {"included": rank(scores, question["d"], []), "excluded": rank(scores, question["d"], inputs)}


def shifted(u, v):
    return (1 + cos(u, v)) / 2


outcomes, targets, relationships = {}, [], []


def note(name, value):
    for inputs, got in value.items():
        outcomes.setdefault(f"{name} {inputs}", []).append(int(got))


for question in questions:
    a, b, c = (unit[question[name]] for name in "abc")
    d, inputs = unit[question["d"][0]], [question[name] for name in "abc"]
    note("3CosAdd full", ranks(lambda v: cos(v, b - a + c), question, inputs))
    note("3CosAdd only-b", ranks(lambda v: cos(v, c), question, inputs))
    note("3CosAdd ignore-a", ranks(lambda v: cos(v, b + c), question, inputs))
    note("3CosMul full", ranks(lambda v: shifted(v, b) * shifted(v, c) / (shifted(v, a) + EPSILON), question, inputs))
    note("3CosMul only-b", ranks(lambda v: shifted(v, c), question, inputs))
    note("3CosMul ignore-a", ranks(lambda v: shifted(v, b) * shifted(v, c), question, inputs))
    targets.append(float(cos(b - a + c, d)))
    relationships.append(float(cos(b - a, d - c)))

average = {"ranks": {}, "target": [], "relationship": []}
for c, d, category in pairs:
    asked = [question for question in questions if question["c"] == c]
    accepted = sorted({row for question in asked for row in question["d"]}, key=lambda row: row != d)
    own = {c, *accepted}
    others = [pair for pair in pairs if pair[2] == category and not own & set(pair[:2])]
    mean_target = np.mean([unit[target] for _, target, _ in others], axis=0)
    mean_source = np.mean([unit[source] for source, _, _ in others], axis=0)
    query = unit[c] + mean_target - mean_source
    for name, vector in {"full": query, "only-b": unit[c], "ignore-a": unit[c] + mean_target}.items():
        for inputs, got in ranks(lambda v: cos(v, vector), {"d": accepted}, [c]).items():
            average["ranks"].setdefault(f"3CosAvg {name} {inputs}", []).append(int(got))
    average["target"].append(float(cos(query, unit[d])))
    average["relationship"].append(float(cos(mean_target - mean_source, unit[d] - unit[c])))


def offset_cosines(offsets):
    return [float(cos(u, v)) for u, v in combinations(offsets, 2)]


first = [pair for pair in pairs if pair[2] == "first"]
paired = offset_cosines([unit[target] - unit[source] for source, target, _ in first])
shuffled = offset_cosines([unit[first[i - 1][1]] - unit[first[i][0]] for i in range(len(first))])
rounded = [round(value, 1) for value in paired], [round(value, 1) for value in shuffled]


def area(true, other):
    return float(roc_auc_score([1] * len(true) + [0] * len(other), [*true, *other]))


golden = {
    "words": WORDS,
    "width": WIDTH,
    "x": x.astype(np.float64).flatten().tolist(),
    "questions": questions,
    "ranks": outcomes,
    "targetSimilarity": targets,
    "relationshipSimilarity": relationships,
    "consistencyScore": float(1 - np.std(targets, ddof=1)),
    "average": average,
    "offsets": {
        "pairs": [[source, target] for source, target, _ in first],
        "offsetConcentration": float(np.mean(paired)),
        "paired": paired,
        "shuffled": shuffled,
        "area": area(paired, shuffled),
        "roundedPaired": rounded[0],
        "roundedShuffled": rounded[1],
        "roundedArea": area(*rounded),
    },
}
folder = Path(__file__).parent
(folder / "analogies.json").write_text(json.dumps(golden) + "\n", "utf-8")
print({name: sum(value == 1 for value in ranks) for name, ranks in {**outcomes, **average["ranks"]}.items()})
