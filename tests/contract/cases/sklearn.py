"""Saves models that the scikit-learn converter must prove: `python sklearn.py FOLDER`, in the converter's environment.

A file is named after its model; one with `.sample.npz` beside it is converted with that sample.
"""

import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import skops.io
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
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
boosted = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(gaps, kinds)
joblib.dump(boosted, folder / "boosted.joblib")
machine = SVC().fit(flowers[:100], kinds[:100])
(folder / "machine.pkl").write_bytes(pickle.dumps(machine))
