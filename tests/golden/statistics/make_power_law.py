"""Makes power_law.json, which tests/statistics/power_law_test.ts compares with: scipy's regression of logarithms.

Run with a Python that has numpy and scipy: python make_power_law.py > power_law.json
"""

import json

import numpy as np
from scipy import stats

rng = np.random.default_rng(20250719)
x = np.array([100, 300, 1000, 3000, 10000, 30000.0])
cases = []
for exponent, noise in [(1.0, 0.05), (0.4, 0.3), (-0.5, 0.1)]:
    y = np.round(2.5 * x**exponent * np.exp(rng.normal(0, noise, len(x))), 6)
    fit = stats.linregress(np.log(x), np.log(y))
    half = stats.t.ppf(0.975, len(x) - 2) * fit.stderr
    cases.append({"x": x.tolist(), "y": y.tolist(), "exponent": float(fit.slope), "coefficient": float(np.exp(fit.intercept)),
                  "low": float(fit.slope - half), "high": float(fit.slope + half), "rSquared": float(fit.rvalue**2)})
print(json.dumps({"cases": cases}, indent=1))
