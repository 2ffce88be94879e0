"""Makes forecasts.json: windows over data/wti, ridge regression and errors of forecasts, by pandas, numpy and scikit-learn.

    pip install numpy pandas scikit-learn
    python tests/golden/evaluate/make_forecasts.py
"""
import json
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import LinearRegression, Ridge

ROOT = Path(__file__).resolve().parents[3]
CONTEXT, HORIZON = 16, 3
TRAIN, VALIDATION = 0.7, 0.85

prices = pd.read_csv(ROOT / "data/wti/prices.csv", index_col=0, na_values=".").iloc[:, 0].dropna()
values = prices.to_numpy()
n = len(values)
bounds = [0, int(np.floor(n * TRAIN + 1e-9)), int(np.floor(n * VALIDATION + 1e-9)), n]
starts = [np.arange(a, b - CONTEXT - HORIZON + 1) for a, b in zip(bounds, bounds[1:])]
mean, scale = values[: bounds[1]].mean(), values[: bounds[1]].std()


def windows(first):
    x = np.stack([values[s : s + CONTEXT] for s in first])
    return x, np.stack([values[s + CONTEXT : s + CONTEXT + HORIZON] for s in first])


def anchored(first):
    x, y = windows(first)
    return x - x[:, -1:], y - x[:, -1:]


train, validation, test = (windows(s) for s in starts)
in_sample = np.abs(np.diff(values[: bounds[1]])).mean()


def errors(forecast, actual):
    e = forecast - actual
    return {"mae": np.abs(e).mean(), "rmse": np.sqrt((e**2).mean()), "mase": np.abs(e).mean() / in_sample,
            "maeByStep": np.abs(e).mean(axis=0).tolist()}


def linear(alpha):
    def normalised(x):  # as a column of float32 holds it
        return ((x - mean) / scale).astype(np.float32).astype(np.float64)

    model = LinearRegression() if alpha == 0 else Ridge(alpha=alpha)
    model.fit(normalised(train[0]), normalised(train[1]))
    forecast = model.predict(normalised(validation[0])) * scale + mean
    return {"ridge": alpha, "coefficients": model.coef_.T.ravel().tolist(), "intercept": model.intercept_.tolist(),
            "first": forecast[0].tolist(), "last": forecast[-1].tolist(), **errors(forecast, validation[1])}


golden = {
    "versions": {"numpy": np.__version__, "pandas": pd.__version__, "scikit-learn": sklearn.__version__},
    "context": CONTEXT, "horizon": HORIZON, "observations": n, "counts": [len(s) for s in starts],
    "mean": mean, "scale": scale, "naiveScale": in_sample,
    "anchoredScale": np.sqrt((anchored(starts[0])[0] ** 2).mean()),
    "lastOrigin": str(prices.index[starts[2][-1] + CONTEXT - 1])[:10],
    "naive": errors(np.repeat(validation[0][:, -1:], HORIZON, axis=1), validation[1]),
    "linear": [linear(alpha) for alpha in (0, 1, 100)],
}
Path(__file__).with_name("forecasts.json").write_text(json.dumps(golden) + "\n")
