"""Makes references.json, which tests/statistics compares with: numpy and scipy on small fixed samples.

Run with a Python that has numpy and scipy: python make_references.py > references.json
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20250723)
skewed = np.round(rng.lognormal(0.0, 0.8, 23), 4)
normal = np.round(rng.normal(5.0, 2.0, 40), 4)
pair_a = np.round(rng.normal(0.3, 1.0, 12), 3)
pair_b = np.round(rng.normal(0.0, 1.0, 12), 3)
levels = [0.0, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.9, 0.987, 1.0]


def summary(x):
    return {
        "samples": x.tolist(),
        "mean": float(np.mean(x)),
        "standardDeviation": float(np.std(x, ddof=1)),
        "medianAbsoluteDeviation": float(stats.median_abs_deviation(x)),
        "quantiles": [[p, float(np.quantile(x, p))] for p in levels],
    }


def bca(x, statistic, confidence):
    result = stats.bootstrap((x,), statistic, n_resamples=499, method="BCa", confidence_level=confidence,
                             vectorized=False, rng=np.random.default_rng(1))
    jackknifed = [float(statistic(np.delete(x, i))) for i in range(len(x))]
    percentile = stats.bootstrap((x,), statistic, method="percentile", confidence_level=confidence, n_resamples=0,
                                 bootstrap_result=result, vectorized=False)
    return {
        "value": float(statistic(x)),
        "confidence": confidence,
        "distribution": [float(v) for v in np.sort(result.bootstrap_distribution)],
        "jackknifed": jackknifed,
        "bca": [float(v) for v in result.confidence_interval],
        "percentile": [float(v) for v in percentile.confidence_interval],
    }


def sign_flip(a, b):
    result = stats.permutation_test((a - b,), np.mean, permutation_type="samples", n_resamples=np.inf)
    return {"a": a.tolist(), "b": b.tolist(), "pValue": float(result.pvalue)}


def wilson(k, n, confidence):
    interval = stats.binomtest(k, n).proportion_ci(confidence, method="wilson")
    return [k, n, confidence, float(interval.low), float(interval.high)]


references = {
    "versions": {"numpy": np.__version__, "scipy": __import__("scipy").__version__},
    "summaries": [summary(skewed), summary(normal), summary(np.array([3.5])), summary(1e9 + skewed)],
    "bootstrap": [bca(skewed, np.mean, 0.95), bca(skewed, np.std, 0.9), bca(normal, np.mean, 0.99)],
    "signFlip": [sign_flip(pair_a, pair_b), sign_flip(pair_a[:5], pair_b[:5]), sign_flip(pair_a, pair_a + 0.5)],
    "mcNemar": [[a, b, float(stats.binomtest(a, a + b).pvalue)] for a, b in [(1, 8), (8, 1), (5, 5), (0, 6), (120, 90)]],
    "wilson": [wilson(*c) for c in [(11, 15, 0.95), (0, 15, 0.95), (15, 15, 0.9), (1, 1, 0.99), (500, 4000, 0.95)]],
    "normal": [[float(z), float(stats.norm.cdf(z))] for z in [-8.0, -5.0, -1.96, -0.3, 0.0, 1e-9, 0.7, 2.5758, 6.0]],
    "normalQuantiles": [[p, float(stats.norm.ppf(p))] for p in [1e-6, 0.001, 0.025, 0.4, 0.5, 0.84, 0.995, 0.999999]],
    "binomial": [[k, n, p, float(stats.binom.cdf(k, n, p))] for k, n, p in
                 [(0, 10, 0.3), (3, 10, 0.3), (10, 10, 0.3), (1, 662, 0.01), (250, 1000, 0.27), (4000, 10000, 0.41),
                  (0, 5, 0.0), (4, 5, 1.0)]],
}
for reference in references["summaries"]:
    if len(reference["samples"]) == 1:
        reference["standardDeviation"] = None
print(json.dumps(references, indent=1))
