"""Saves models that the LightGBM converter must prove: `python lightgbm.py FOLDER`, in the converter's environment.

They are few, because `make test` converts them.
"""

import sys
from pathlib import Path

import joblib
import lightgbm
import numpy as np

folder = Path(sys.argv[1])
random = np.random.default_rng(0)
rows = random.normal(size=(300, 5))
rows[:, 3] = random.integers(0, 30, 300)
rows[:, 4] *= random.random(300) < 0.5
full = rows.copy()
rows[random.random(rows.shape) < 0.1] = np.nan
value = full[:, 0] + full[:, 1] * full[:, 2] + np.sin(full[:, 3]) + (full[:, 4] == 0)
kind = np.digitize(value, [-0.5, 1.0])


def train(
    name: str, target: object, categories: list[int] | str = "auto", **settings: object
) -> None:
    """Train and save a booster as text."""
    settings = {"num_leaves": 7, "min_data_per_group": 5, "verbose": -1, **settings}
    data = lightgbm.Dataset(rows, target, categorical_feature=categories)
    lightgbm.train(settings, data, 5).save_model(folder / f"{name}.txt")


train("categories", kind, [3], objective="multiclass", num_class=3, boosting="dart")
train("zeros", value > 1, [3], objective="binary", sigmoid=2.0, zero_as_missing=True)
train("linear", value, objective="regression", linear_tree=True)
names = np.array(["low", "middle", "high"])[kind]
classifier = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(rows, names)
joblib.dump(classifier, folder / "names.joblib", compress=3)

# Seconds since 1970 and prices with cents: float32 holds neither.
rows = np.stack(
    [1.7e9 + random.integers(0, 9000, 300), 10_000 + random.integers(0, 999, 300) / 100], axis=1
)
train("digits", np.sin(rows[:, 0] / 700) + np.sin(rows[:, 1]), objective="regression")
np.savez(folder / "digits.sample.npz", X=rows)
