"""Saves models for `test_deploy_conversion.py`: `python deploy_models.py FOLDER`, in the environment of the scikit-learn converter."""

import sys
from pathlib import Path

import joblib
import numpy as np
import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

folder = Path(sys.argv[1])
flowers, kinds = load_iris(return_X_y=True)
fitted = LogisticRegression(max_iter=500).fit(flowers, kinds)
skops.io.dump(fitted, folder / "flowers.skops")
np.savez(
    folder / "answers.npz",
    rows=flowers[::10],
    label=fitted.predict(flowers[::10]),
    probabilities=fitted.predict_proba(flowers[::10]),
)
joblib.dump(fitted, folder / "pickled.joblib")
skops.io.dump(LinearRegression().fit(flowers, np.full(150, 3.0)), folder / "constant.skops")
