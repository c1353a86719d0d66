"""Saves models that the CatBoost converter must prove: `python catboost.py FOLDER`, in the converter's environment."""

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas
from catboost import CatBoostClassifier, CatBoostRanker, CatBoostRegressor, Pool

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

# Categories: their names from the file, from the sample, and whole numbers that need neither.
city = random.choice(["Bonn", "Kyiv", "Lima", "Łódź", ""], 300)
size = random.integers(-1, 4, 300)
mixed = pandas.DataFrame({"amount": rows[:, 0], "city": city, "size": size})
mixed_value = value + 2 * (city == "Lima") + (city == "Bonn") * (size == 2) * 4 + (size == 0)
mixed_kind = np.array(["low", "middle", "high"])[np.digitize(mixed_value, [0.5, 2.0])]
by = {"cat_features": ["city", "size"], **settings}
pool = Pool(mixed, mixed_value, cat_features=["city", "size"])
one_hot = CatBoostRegressor(one_hot_max_size=9, **by).fit(pool)
one_hot.save_model(folder / "one_hot.json", format="json", pool=pool)
statistics = CatBoostClassifier(simple_ctr=["Borders", "Counter:Prior=0.5", "Buckets"], **by)
statistics.fit(mixed, mixed_kind).save_model(folder / "statistics.cbm")
np.savez(folder / "statistics.sample.npz", **{name: mixed[name].to_numpy(str) for name in mixed})
targets = np.stack([mixed_value, -(mixed_value**2)], axis=1)
pair = CatBoostRegressor(loss_function="MultiRMSE", cat_features=["size"], **settings)
pair.fit(mixed[["amount", "size"]], targets).save_model(folder / "pair.cbm")
noise = CatBoostRegressor(cat_features=["noise"], **settings)
mixed["noise"] = "always the same"
noise.fit(mixed[["amount", "noise"]], rows[:, 0] > 0).save_model(folder / "unused.cbm")
