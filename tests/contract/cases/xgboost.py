"""Saves models that the XGBoost converter must prove: `python xgboost.py FOLDER`, in the converter's environment."""

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import xgboost

folder = Path(sys.argv[1])
random = np.random.default_rng(0)
rows = random.normal(size=(300, 5)).astype(np.float32)
rows[:, 4] = random.integers(0, 12, 300)
full = rows.copy()
rows[random.random(rows.shape) < 0.1] = np.nan
value = full[:, 0] + full[:, 1] * full[:, 2] + np.sin(full[:, 4])
kind = np.digitize(value, [-0.5, 1.0])
several = np.stack([value, -value, value**2], axis=1)


def train(name: str, target: object, types: list[str] | None = None, **settings: object) -> None:
    """Train and save a booster, in the format of its suffix."""
    data = xgboost.DMatrix(rows, target, feature_types=types, enable_categorical=types is not None)
    xgboost.train({"max_depth": 3, **settings}, data, 5).save_model(folder / name)


train("regression.json", value, objective="reg:squarederror")
train("binary.ubj", kind > 0, objective="binary:logistic", base_score=0.3)
train("softmax.bst", kind, objective="multi:softmax", num_class=3, booster="dart", rate_drop=0.3)
train("counts.json", np.exp(value / 2).round(), objective="count:poisson")
train("linear.json", kind, objective="multi:softprob", num_class=3, booster="gblinear")
train("forest.json", kind > 1, objective="binary:logistic", num_parallel_tree=4, subsample=0.5)
types = ["q", "q", "q", "q", "c"]
train("categories.json", value, types, objective="reg:squarederror", max_cat_to_onehot=1)
ensemble = {"n_estimators": 5, "max_depth": 3}
vectors = xgboost.XGBRegressor(multi_strategy="multi_output_tree", **ensemble).fit(rows, several)
vectors.save_model(folder / "vectors.json")
labels = xgboost.XGBClassifier(**ensemble).fit(rows, (several > 0.5).astype(int))
joblib.dump(labels, folder / "labels.joblib", compress=3)
stand_in = np.nan_to_num(rows, nan=-99.0)
missing = xgboost.XGBClassifier(missing=-99.0, **ensemble).fit(stand_in, kind)
(folder / "missing.pkl").write_bytes(pickle.dumps(missing))
ranker = xgboost.XGBRanker(**ensemble).fit(rows, kind, qid=np.repeat(np.arange(10), 30))
ranker.save_model(folder / "ranker.ubj")
