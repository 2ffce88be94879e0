"""Makes sobol_and_ranks.json, which tests/statistics compares with: scipy's Sobol points and Mann-Whitney tests.

Run with a Python that has numpy and scipy: python make_sobol_and_ranks.py > sobol_and_ranks.json
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20261122)


def ranks(a, b, method):
    rows = {}
    for alternative in ("less", "greater", "two-sided"):
        result = stats.mannwhitneyu(a, b, alternative=alternative, method=method)
        rows[alternative] = float(result.pvalue)
    u = float(stats.mannwhitneyu(a, b, alternative="two-sided", method=method).statistic)
    return {"a": list(map(float, a)), "b": list(map(float, b)), "method": method, "u": u, "pValues": rows}


def drawn(n, m, shift):
    return np.round(rng.normal(0, 1, n), 6), np.round(rng.normal(shift, 1, m), 6)


cases = [ranks(*drawn(n, m, shift), "exact") for n, m, shift in [(3, 3, 0), (1, 5, 0.5), (8, 6, 1), (30, 30, 0.7), (12, 40, -0.3)]]
cases += [ranks(*drawn(n, m, shift), "asymptotic") for n, m, shift in [(60, 70, 0.2), (51, 51, 0.8)]]
cases.append(ranks([1, 2, 2, 3, 3, 3], [2, 3, 3, 4, 5], "asymptotic"))
cases.append(ranks([1, 1, 2], [1, 1, 1, 1], "asymptotic"))

sobol = stats.qmc.Sobol(64, scramble=False, bits=32).random(256)
dimensions = [0, 1, 2, 3, 4, 7, 12, 31, 63]
print(json.dumps({
    "versions": {"numpy": np.__version__, "scipy": __import__("scipy").__version__},
    "mannWhitney": cases,
    "sobol": {"dimensions": dimensions, "points": sobol[:, dimensions].tolist()},
}))
