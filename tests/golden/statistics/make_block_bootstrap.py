"""Makes block_bootstrap.json: block lengths and bootstrap standard errors of the mean by the package arch.

    pip install numpy scipy arch
    python tests/golden/statistics/make_block_bootstrap.py
"""
import json
from pathlib import Path

import arch
import numpy as np
from arch.bootstrap import CircularBlockBootstrap, MovingBlockBootstrap, StationaryBootstrap, optimal_block_length
from scipy import stats

rng = np.random.default_rng(20251122)


def autoregressive(n, phi):
    x = np.zeros(n)
    noise = rng.normal(size=n)
    for i in range(1, n):
        x[i] = phi * x[i - 1] + noise[i]
    return np.round(x, 4)


def lengths(x):
    frame = optimal_block_length(x)
    return {"samples": x.tolist(), "stationary": float(frame["stationary"].iloc[0]), "circular": float(frame["circular"].iloc[0])}


def standard_error(kind, x, length):
    bootstrap = {"stationary": StationaryBootstrap, "circular": CircularBlockBootstrap, "moving": MovingBlockBootstrap}[kind]
    means = bootstrap(length, x, seed=np.random.default_rng(1)).apply(np.mean, 20000)
    return [kind, length, float(np.std(means))]


moving_average = np.convolve(rng.normal(size=260), np.ones(5), "valid")[:250]
series = [autoregressive(60, 0.3), autoregressive(120, 0.9), autoregressive(250, 0.6), np.round(rng.normal(size=150), 4),
          np.round(moving_average, 4), np.round(np.abs(autoregressive(200, 0.8)), 4)]


def diebold_mariano(a, b, horizon):
    d = a - b
    n = len(d)
    centred = d - d.mean()
    covariances = [centred[k:] @ centred[: n - k] / n for k in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    statistic = d.mean() / np.sqrt(variance / n) * np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    return {"a": a.tolist(), "b": b.tolist(), "horizon": horizon, "statistic": float(statistic),
            "pValue": float(2 * stats.t.sf(abs(statistic), n - 1))}


losses = [np.round(np.abs(autoregressive(80, 0.5)), 4) for _ in range(2)]
golden = {
    "versions": {"arch": arch.__version__, "numpy": np.__version__},
    "dieboldMariano": [diebold_mariano(*losses, h) for h in (1, 4)] + [diebold_mariano(losses[0][:9], losses[1][:9], 2)],
    "lengths": [lengths(x) for x in series],
    "standardErrors": [standard_error(kind, series[1], length) for kind in ("stationary", "circular", "moving") for length in (1, 6, 15)],
}
Path(__file__).with_name("block_bootstrap.json").write_text(json.dumps(golden) + "\n")
