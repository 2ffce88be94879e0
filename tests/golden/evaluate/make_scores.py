"""Makes scores.json: small inputs with the scores that scikit-learn, scipy and numpy give them.

    pip install numpy scipy scikit-learn==1.9.1
    python tests/golden/evaluate/make_scores.py
"""
import json
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cosine as cosine_distance
from sklearn.decomposition import PCA
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.neighbors import NearestNeighbors

ROWS, WIDTH, LATENT, K, QUERIES = 60, 7, 3, 5, 12
generator = np.random.default_rng(7)
# float32 throughout, so that the file's numbers are exactly what the library reads.
x = (generator.normal(size=(ROWS, WIDTH)) @ generator.normal(size=(WIDTH, WIDTH)) + 0.5).astype(np.float32)
train = x[QUERIES:]


def listed(values):
    return np.asarray(values, dtype=np.float64).flatten().tolist()


pca = PCA(n_components=WIDTH).fit(train.astype(np.float64))
signs = np.sign(pca.components_[np.arange(WIDTH), np.abs(pca.components_).argmax(axis=1)])
components = pca.components_ * signs[:, None]
latent = (x - pca.mean_) @ components[:LATENT].T
reconstructed = (pca.mean_ + latent @ components[:LATENT]).astype(np.float32)

cosines = [1 - cosine_distance(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(x, reconstructed)]
geometry = {
    "cosine": cosines,
    "cosineMean": float(np.mean(cosines)),
    "cosineP5": float(np.percentile(cosines, 5)),
    "mse": float(mean_squared_error(x.astype(np.float64), reconstructed.astype(np.float64))),
    "explainedVariance": float(
        r2_score(x.astype(np.float64), reconstructed.astype(np.float64), multioutput="variance_weighted")
    ),
}


def neighbours(vectors):
    search = NearestNeighbors(n_neighbors=K + 1, metric="cosine", algorithm="brute").fit(vectors.astype(np.float64))
    found = search.kneighbors(vectors[:QUERIES].astype(np.float64), return_distance=False)
    return [[int(j) for j in row if j != i][:K] for i, row in enumerate(found)]


teacher, student = neighbours(x), neighbours(reconstructed)
recall = [len(set(a) & set(b)) / K for a, b in zip(teacher, student)]

int8 = {}
for scheme, scale in {
    "perDimension": np.abs(train).max(axis=0, keepdims=True) / np.float32(127),
    "perVector": np.abs(x).max(axis=1, keepdims=True) / np.float32(127),
}.items():
    scale = scale.astype(np.float32)
    rounded = np.rint(x.astype(np.float64) / scale.astype(np.float64))
    codes = np.clip(rounded, -127, 127).astype(np.int8)
    int8[scheme] = {
        "codes": [int(code) for code in codes.flatten()],
        "values": listed((codes * scale.astype(np.float64)).astype(np.float32)),
        "clippedFraction": float(np.mean(np.abs(rounded) > 127)),
    }

golden = {
    "rows": ROWS,
    "width": WIDTH,
    "latentDim": LATENT,
    "k": K,
    "queries": QUERIES,
    "x": listed(x),
    "pca": {
        "mean": listed(pca.mean_),
        "components": listed(components),
        "variances": listed(pca.explained_variance_),
        "explainedVarianceRatio": listed(pca.explained_variance_ratio_),
        "latent": listed(latent),
        "reconstructed": listed(reconstructed),
    },
    "geometry": geometry,
    "teacher": teacher,
    "student": student,
    "recall": recall,
    "int8": int8,
}
Path(__file__).with_name("scores.json").write_text(json.dumps(golden) + "\n")
print("recall", np.mean(recall), "cosine", geometry["cosineMean"], "clipped", int8["perDimension"]["clippedFraction"])
