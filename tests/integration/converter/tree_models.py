"""Saves what the tests of the tree converters need beyond the contract's models: `python tree_models.py FRAMEWORK FOLDER PACKAGE`.

PACKAGE is onnxport's folder: live objects are put into files by its converter, which needs no more of it than a converter's child does.
"""

import importlib
import pickle
import sys
import types
from pathlib import Path

import numpy as np

framework, folder = sys.argv[1], Path(sys.argv[2])
root = types.ModuleType("onnxport")
root.__path__ = [sys.argv[3]]
sys.modules["onnxport"] = root
converter = importlib.import_module(f"onnxport.converter.{framework}").CONVERTER
random = np.random.default_rng(0)
rows = random.normal(size=(300, 3)).astype(np.float32)
value = rows[:, 0] + rows[:, 1]
kind = np.digitize(value, [-0.7, 0.7])


def save_live(model: object, name: str) -> None:
    """Put an object into a file as the converter does, with its input and its own answers beside it."""
    assert converter.takes(model)
    inside = folder / name
    inside.mkdir()
    live = converter.save(model, rows, inside)
    live.source.rename(folder / f"{name}{live.source.suffix}")
    np.savez(folder / f"{name}.sample.npz", **live.sample)
    np.savez(folder / f"{name}.expected.npz", **live.cases[0].expected)
    inside.rmdir()


def save_lightgbm() -> None:
    """An unfitted estimator, a file cut off, one that stopped early, one without splits."""
    import lightgbm

    settings = {"verbose": -1, "num_leaves": 7}
    unfitted = lightgbm.LGBMClassifier()
    (folder / "unfitted.pkl").write_bytes(pickle.dumps(unfitted))
    data = lightgbm.Dataset(rows, value)
    booster = lightgbm.train(settings, data, 5)
    booster.save_model(folder / "whole.txt")
    text = (folder / "whole.txt").read_text()
    (folder / "cut.txt").write_text(text[: text.index("Tree=4")])
    (folder / "windows.txt").write_bytes(text.replace("\n", "\r\n").encode())
    still = lightgbm.train({**settings, "min_gain_to_split": 1e9}, lightgbm.Dataset(rows, value), 2)
    still.save_model(folder / "still.txt")
    early = lightgbm.LGBMClassifier(n_estimators=60, learning_rate=0.9, verbose=-1)
    stop = [lightgbm.early_stopping(2, verbose=False)]
    noise = random.permutation(kind)
    early.fit(rows, noise, eval_set=[(rows[::-1], noise)], callbacks=stop)
    (folder / "early.pkl").write_bytes(pickle.dumps(early))
    # As LightGBM 2 wrote them: without the mark of what is fitted.
    old = lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(rows, value)
    del old.fitted_
    (folder / "old.pkl").write_bytes(pickle.dumps(old))
    names = np.array(["low", "middle", "high"])[kind]
    save_live(lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(rows, names), "live")


def save_xgboost() -> None:
    """The old binary format, an estimator and a booster that stopped early, one without splits."""
    import xgboost

    name = b"reg:squarederror"
    head = bytes(136) + len(name).to_bytes(8, "little") + name
    (folder / "old.model").write_bytes(b"binf" + head + bytes(1000))
    (folder / "unfitted.pkl").write_bytes(pickle.dumps(xgboost.XGBRegressor()))
    early = xgboost.XGBClassifier(n_estimators=60, learning_rate=1, early_stopping_rounds=2)
    noise = random.permutation(kind)
    early.fit(rows[:200], noise[:200], eval_set=[(rows[200:], noise[200:])], verbose=False)
    early.save_model(folder / "early.json")
    early.get_booster().save_model(folder / "early_booster.json")
    (folder / "early_booster.pkl").write_bytes(pickle.dumps(early.get_booster()))
    # As XGBoost before 1.6 wrote it, with the names of its classes.
    named = xgboost.XGBClassifier(n_estimators=3).fit(rows, kind).get_booster()
    named.set_attr(scikit_learn='{"_le": {"classes_": ["high", "low", "middle"]}}')
    named.save_model(folder / "named.json")
    rows[rows < -1] = -9.0
    save_live(xgboost.XGBClassifier(n_estimators=5, missing=-9.0).fit(rows, kind), "live")
    still = xgboost.XGBRegressor(n_estimators=2, gamma=1e9).fit(rows, value)
    still.save_model(folder / "still.json")


def save_catboost() -> None:
    """Columns of categories and of text, an unfitted model."""
    import pandas
    from catboost import CatBoostClassifier, CatBoostRegressor, Pool

    settings = {"iterations": 4, "verbose": 0, "allow_writing_files": False}
    table = [[float(row[0]), "abc"[k]] for row, k in zip(rows, kind, strict=True)]
    categories = CatBoostRegressor(cat_features=[1], **settings).fit(table, value)
    categories.save_model(folder / "categories.cbm")
    pool = Pool([row for row in table if row[1] != "c"], cat_features=[1])
    categories.save_model(folder / "most.json", format="json", pool=pool)
    np.savez(folder / "some.npz", a=rows[kind == 0, 0], b=np.full((kind == 0).sum(), "a"))
    answers = categories.predict(table)
    np.savez(
        folder / "categories.answers.npz",
        given=np.array(table, object).astype(str),
        answers=answers,
    )
    frame = pandas.DataFrame({"label": np.array(list("abc"))[kind], "amount": rows[:, 0]})
    frame["size"] = pandas.Categorical(random.integers(0, 4, 300))
    by = {"cat_features": ["label", "size"], **settings}
    estimator = CatBoostClassifier(**by).fit(frame, kind + (frame["size"] == 1))
    inside = folder / "live_categories"
    inside.mkdir()
    live = converter.save(estimator, frame, inside)
    np.savez(folder / "live_categories.sample.npz", **live.sample)
    np.savez(folder / "live_categories.answers.npz", answers=estimator.predict_proba(frame))
    text = CatBoostClassifier(text_features=[1], **settings)
    text.fit([[a, f"word {b} more"] for a, b in table], kind)
    text.save_model(folder / "text.cbm")
    (folder / "unfitted.pkl").write_bytes(pickle.dumps(CatBoostClassifier(**settings)))
    names = np.array(["low", "middle", "high"])[kind]
    save_live(CatBoostClassifier(**settings).fit(rows, names), "live")


{"lightgbm": save_lightgbm, "xgboost": save_xgboost, "catboost": save_catboost}[framework]()
