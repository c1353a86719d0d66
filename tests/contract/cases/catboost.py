"""Saves models that the CatBoost converter must prove: `python catboost.py FOLDER`, in the converter's environment."""

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
from catboost import CatBoostClassifier, CatBoostRanker, CatBoostRegressor

folder = Path(sys.argv[1])
random = np.random.default_rng(0)
rows = random.normal(size=(300, 4)).astype(np.float32)
value = rows[:, 0] + rows[:, 1] * rows[:, 2]
rows[random.random(rows.shape) < 0.1] = np.nan
value += np.isnan(rows[:, 3])
kind = np.digitize(value, [-0.5, 1.0])
names = np.array(["low", "middle", "high"])[kind]
several = np.stack([value, -value, value**2], axis=1)
settings = {"iterations": 8, "depth": 3, "verbose": 0, "allow_writing_files": False}


def train(model: object, name: str, target: object, **given: object) -> None:
    """Train a model and save it in the format of its name's suffix."""
    model.fit(rows, target, **given)
    model.save_model(folder / name, format=name.rpartition(".")[2])


train(CatBoostRegressor(nan_mode="Max", **settings), "regression.cbm", value)
train(CatBoostRegressor(loss_function="MultiRMSE", **settings), "several.json", several)
train(CatBoostRegressor(loss_function="Poisson", **settings), "counts.cbm", np.exp(value / 2))
train(CatBoostRegressor(loss_function="RMSEWithUncertainty", **settings), "spread.cbm", value)
train(CatBoostClassifier(**settings), "binary.cbm", kind > 0)
train(CatBoostClassifier(nan_mode="Max", grow_policy="Lossguide", **settings), "names.cbm", names)
train(CatBoostClassifier(loss_function="MultiLogloss", **settings), "labels.cbm", several > 0.5)
groups = np.repeat(np.arange(10), 30)
train(CatBoostRanker(loss_function="QueryRMSE", **settings), "ranker.cbm", kind, group_id=groups)
careful = CatBoostClassifier(**settings).fit(rows, names == "high")
careful.set_probability_threshold(0.7)
careful.save_model(folder / "threshold.cbm")
against = CatBoostClassifier(loss_function="MultiClassOneVsAll", **settings).fit(rows, names)
joblib.dump(against, folder / "against.joblib", compress=3)
(folder / "pickled.pkl").write_bytes(pickle.dumps(against))
