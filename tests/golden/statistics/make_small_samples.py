"""Makes small_samples.json: quantiles for small samples and exact intervals of a normal coefficient of variation, by scipy.

    pip install numpy scipy
    python tests/golden/statistics/make_small_samples.py
"""
import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats


def exact_variation(value, n, confidence):
    """The coefficients of variation that make sqrt(n) / value a tail value of their noncentral t (Johnson and Welch 1940)."""
    tail = (1 - confidence) / 2
    observed = np.sqrt(n) / value

    def bound(p):
        return optimize.brentq(lambda cv: stats.nct.cdf(observed, n - 1, np.sqrt(n) / cv) - p, value / 20, value * 20)

    return [value, n, confidence, *sorted(float(bound(p)) for p in (tail, 1 - tail))]


references = {
    "chiSquare": [[p, df, float(stats.chi2.ppf(p, df))] for p, df in
                  [(0.025, 2), (0.975, 2), (0.025, 4), (0.975, 4), (0.5, 1), (0.99, 200), (0.001, 9), (0.9999, 30)]],
    "student": [[p, df, float(stats.t.ppf(p, df))] for p, df in
                [(0.975, 1), (0.975, 2), (0.975, 3), (0.975, 4), (0.025, 4), (0.5, 7), (0.6, 6), (0.995, 19), (0.9, 60)]],
    "variation": [exact_variation(*c) for c in [(0.01, 3, 0.95), (0.029, 5, 0.95), (0.1, 5, 0.9), (0.2, 10, 0.95)]],
}
Path(__file__).with_name("small_samples.json").write_text(json.dumps(references, indent=1) + "\n")
print(references["variation"])
