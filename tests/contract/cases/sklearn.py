"""Saves models that the scikit-learn converter must prove: `python sklearn.py FOLDER`, in the converter's environment.

A file is named after its model; one with `.sample.npz` beside it is converted with that sample.
"""

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.svm import SVC

folder = Path(sys.argv[1])
flowers, kinds = load_iris(return_X_y=True)
people, progress = load_diabetes(return_X_y=True)
names = load_iris().target_names[kinds]
gaps = flowers.copy()
gaps[::5, 1] = np.nan

logistic = make_pipeline(StandardScaler(), LogisticRegression()).fit(flowers, names)
skops.io.dump(logistic, folder / "logistic.skops")
np.savez(folder / "logistic.sample.npz", X=flowers)
forest = RandomForestRegressor(8, max_depth=6, random_state=0).fit(people, progress)
joblib.dump(forest, folder / "forest.joblib", compress=3)
machine = SVC().fit(flowers[:100], kinds[:100])
(folder / "machine.pkl").write_bytes(pickle.dumps(machine))
several = RandomForestClassifier(6, random_state=0)
several.fit(flowers, np.stack([names, np.where(flowers[:, 0] > 6, "long", "short")], axis=1))
joblib.dump(several, folder / "several.joblib")
lacking = np.where(np.random.default_rng(1).random(people.shape) < 0.1, np.nan, people)
filled = make_pipeline(KNNImputer(), SplineTransformer(3), KNeighborsRegressor(weights="distance"))
joblib.dump(filled.fit(lacking, progress), folder / "filled.joblib")

random = np.random.default_rng(0)
houses = pd.DataFrame(
    {
        "size": random.normal(100, 30, 200),
        "town": random.choice(["Ulm", "Bonn", "Köln"], 200),
        "rooms": random.integers(1, 6, 200),
    }
)
price = houses["size"] + 40 * (houses["town"] == "Bonn") + 10 * houses["rooms"]
houses.loc[::9, "town"] = None
houses.loc[::7, "size"] = np.nan
prepared = ColumnTransformer(
    [
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["size"]),
        (
            "words",
            make_pipeline(
                SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
            ),
            ["town", "rooms"],
        ),
    ]
)
columns = make_pipeline(prepared, LogisticRegression()).fit(houses, price > price.mean())
skops.io.dump(columns, folder / "columns.skops")
np.savez(
    folder / "columns.sample.npz",
    size=houses["size"],
    town=houses["town"].fillna("").to_numpy(str),
    rooms=houses["rooms"],
)
boosted = HistGradientBoostingClassifier(max_iter=5, categorical_features=["town"])
joblib.dump(boosted.fit(houses, price > price.mean()), folder / "boosted.joblib")
letters = ["good house", "bad roof, bad house", "a very good garden", "ugly, and bad"] * 5
texts = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(letters, [1, 0, 1, 0] * 5)
joblib.dump(texts, folder / "texts.joblib")
