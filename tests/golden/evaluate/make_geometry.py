"""Makes geometry.json: small inputs with what numpy, scipy and scikit-learn make of them.

    pip install numpy scipy scikit-learn==1.9.1
    python tests/golden/evaluate/make_geometry.py
"""
import json
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata, spearmanr
from sklearn.decomposition import PCA
from sklearn.metrics import label_ranking_average_precision_score
from sklearn.metrics.pairwise import cosine_similarity

ROWS, WIDTH, OTHER, GLOSSES, LEMMAS = 50, 9, 5, 12, 30
generator = np.random.default_rng(11)


def vectors(rows, width):
    """float32, so that the file's numbers are exactly what the library reads; uneven directions, away from 0."""
    return (generator.normal(size=(rows, width)) @ generator.normal(size=(width, width)) + 0.4).astype(np.float32)


def listed(values):
    return np.asarray(values, dtype=np.float64).flatten().tolist()


def centred(x):
    return x.astype(np.float64) - x.astype(np.float64).mean(axis=0)


def iso_score(x):
    """The eight steps of Rudman et al. (2022), algorithm 1."""
    n = x.shape[1]
    rotated = PCA(n_components=n).fit_transform(x.astype(np.float64))
    diagonal = np.diag(np.cov(rotated.T))
    normalized = np.sqrt(n) * diagonal / np.linalg.norm(diagonal)
    defect = np.linalg.norm(normalized - 1) / np.sqrt(2 * (n - np.sqrt(n)))
    utilized = (n - defect**2 * (n - np.sqrt(n))) ** 2 / n**2
    return float((n * utilized - 1) / (n - 1))


def cka(x, y):
    """Kornblith et al. (2019) with Gram matrices: the other form than the library's."""
    k, l = centred(x) @ centred(x).T, centred(y) @ centred(y).T
    return float((k * l).sum() / (np.linalg.norm(k) * np.linalg.norm(l)))


def jackknife(score, *sets):
    """The score without each row in turn."""
    return [score(*(np.delete(x, i, axis=0) for x in sets)) for i in range(len(sets[0]))]


def rsa(x, y):
    upper = np.triu_indices(len(x), 1)
    a, b = cosine_similarity(x.astype(np.float64))[upper], cosine_similarity(y.astype(np.float64))[upper]
    return float(spearmanr(a, b).statistic)


def rsa_of_signs(x, signs):
    """Whole numbers as similarities of signs: rounding must not break their ties."""
    upper = np.triu_indices(len(x), 1)
    agreeing = np.rint((2 * signs - 1) @ (2 * signs - 1).T)
    return float(spearmanr(cosine_similarity(x.astype(np.float64))[upper], agreeing[upper]).statistic)


x = vectors(ROWS, WIDTH)
y = (x[:, :OTHER] + 0.7 * generator.normal(size=(ROWS, OTHER))).astype(np.float32)
off_diagonal = ~np.eye(ROWS, dtype=bool)

# Retrieval by sign bits: the first 10 rows ask; the teacher's nearest is by cosine, the ranks share ties.
queries = 10
teacher = cosine_similarity(x.astype(np.float64))
signs = (x > 0).astype(np.float64)
hamming = cdist(signs, signs, metric="hamming")
asymmetric = cosine_similarity(x.astype(np.float64), 2 * signs - 1)


def ranks_of_nearest(similarities):
    found = []
    for i in range(queries):
        others = np.delete(np.arange(ROWS), i)
        nearest = others[np.argmax(teacher[i, others])]
        ranks = rankdata(-np.round(similarities[i, others], 9), method="average")
        found.append(float(ranks[np.where(others == nearest)[0][0]]))
    return found


# A reverse dictionary with one to three right lemmas a gloss.
glosses, lemmas = vectors(GLOSSES, WIDTH), vectors(LEMMAS, WIDTH)
targets = [sorted(int(j) for j in generator.choice(LEMMAS, size=1 + i % 3, replace=False)) for i in range(GLOSSES)]
scores = cosine_similarity(glosses.astype(np.float64), lemmas.astype(np.float64))
lemma_ranks = np.stack([rankdata(-row, method="ordinal") for row in scores])
best = [float(min(lemma_ranks[i, j] for j in rows)) for i, rows in enumerate(targets)]
single = [i for i, rows in enumerate(targets) if len(rows) == 1]
truth = np.zeros((len(single), LEMMAS))
for position, i in enumerate(single):
    truth[position, targets[i][0]] = 1

golden = {
    "rows": ROWS,
    "width": WIDTH,
    "otherWidth": OTHER,
    "x": listed(x),
    "y": listed(y),
    "isoScore": [iso_score(x), iso_score(y)],
    "isoScoreWithout": jackknife(iso_score, x),
    "meanCosine": [
        float(cosine_similarity(x.astype(np.float64))[off_diagonal].mean()),
        float(cosine_similarity(y.astype(np.float64))[off_diagonal].mean()),
    ],
    "cka": cka(x, y),
    "ckaWithout": jackknife(cka, x, y),
    "rsa": rsa(x, y),
    "rsaOfSigns": rsa_of_signs(x, signs),
    "binary": {
        "queries": queries,
        "hamming": listed(hamming[:queries]),
        "hammingRank": ranks_of_nearest(-hamming),
        "asymmetricRank": ranks_of_nearest(asymmetric),
        "low": [float(column[column <= 0].astype(np.float64).mean()) for column in x.T],
        "high": [float(column[column > 0].astype(np.float64).mean()) for column in x.T],
    },
    "dictionary": {
        "glosses": listed(glosses),
        "lemmas": listed(lemmas),
        "targets": targets,
        "rank": best,
        "mrr": float(np.mean(1 / np.array(best))),
        "recallAt10": [float(np.mean([lemma_ranks[i, j] <= 10 for j in rows])) for i, rows in enumerate(targets)],
        # With one right answer, label ranking average precision is the mean reciprocal rank.
        "single": single,
        "singleMrr": float(label_ranking_average_precision_score(truth, scores[single])),
    },
}
Path(__file__).with_name("geometry.json").write_text(json.dumps(golden) + "\n")
print("IsoScore", golden["isoScore"], "CKA", golden["cka"], "RSA", golden["rsa"], golden["rsaOfSigns"])
print("MRR", golden["dictionary"]["mrr"], golden["dictionary"]["singleMrr"])
