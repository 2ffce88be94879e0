"""Makes parzen.json, which tests/sweep/parzen_test.ts compares with: the log densities of Optuna's Parzen estimator.

Run with a Python that has optuna: python make_parzen.py > parzen.json
"""

import json

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

rng = np.random.default_rng(20261122)
settings = _ParzenEstimatorParameters(prior_weight=1.0, consider_magic_clip=True, consider_endpoints=False,
                                      weights=default_weights, multivariate=True)
space = {
    "x": FloatDistribution(-2, 3),
    "rate": FloatDistribution(1e-4, 10, log=True),
    "depth": IntDistribution(1, 9),
    "width": IntDistribution(1, 4096, log=True),
    "share": FloatDistribution(0, 1, step=0.25),
    "mode": CategoricalDistribution(["a", "b", "c"]),
}


# numpy's sort puts equal values in any order, which decides their bandwidths: observations have none, so far as there are enough.
def steps(values, n):
    return rng.permutation(values)[:n] if n <= len(values) else rng.choice(values, n)


def drawn(n):
    return {
        "x": rng.uniform(-2, 3, n),
        "rate": np.exp(rng.uniform(np.log(1e-4), np.log(10), n)),
        "depth": steps(np.arange(1.0, 10.0), n),
        "width": steps(np.array([1, 2, 3, 5, 8, 20, 77, 300, 1000, 2500, 4095, 4096.0]), n),
        "share": steps(np.arange(5) / 4, n),
        "mode": rng.integers(0, 3, n).astype(float),
    }


cases = []
for n, names in [(1, list(space)), (2, list(space)), (5, list(space)), (9, ["x", "rate", "depth", "width", "mode"]), (40, ["x", "rate"])]:
    observed, asked = drawn(n), drawn(14)
    observed, asked = ({k: v[k] for k in names} for v in (observed, asked))
    estimator = _ParzenEstimator(observed, {k: space[k] for k in names}, settings)
    cases.append({
        "observed": {k: v.tolist() for k, v in observed.items()},
        "asked": {k: v.tolist() for k, v in asked.items()},
        "logDensity": estimator.log_pdf(asked).tolist(),
    })
print(json.dumps({"optuna": optuna.__version__, "cases": cases}))
