"""Saves models for `test_convert.py`: `python convert_models.py FOLDER PORT MARK`, in the environment of the scikit-learn converter.

The hostile one connects to PORT on this machine and then writes the file MARK, when it is opened.
"""

import pickle
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import skops.io
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

folder, port, mark = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
warnings.simplefilter("ignore")
flowers, kinds = load_iris(return_X_y=True)
cells, growth = load_breast_cancer(return_X_y=True)
gaps = flowers.copy()
gaps[::5, 1] = np.nan


class Hostile:
    """Calls home, then leaves a mark."""

    def __reduce__(self) -> tuple[object, ...]:
        code = (
            "import socket, pathlib\n"
            f"try: socket.create_connection(('127.0.0.1', {port}), 2).close(); word = 'reached'\n"
            "except OSError: word = 'cut off'\n"
            f"pathlib.Path({mark!r}).write_text(word)"
        )
        return exec, (code,)


hostile = LogisticRegression().fit(flowers, kinds)
hostile.extra = Hostile()
(folder / "hostile.pkl").write_bytes(pickle.dumps(hostile))
skops.io.dump(LinearDiscriminantAnalysis().fit(cells[:, :4], growth), folder / "discriminant.skops")
joblib.dump(DecisionTreeClassifier(random_state=0).fit(gaps, kinds), folder / "gaps.joblib")
skops.io.dump(LinearRegression().fit(flowers, np.full(150, 3.0)), folder / "constant.skops")
# Many flowers are equally far from others: which are neighbours is chance.
equal = KNeighborsRegressor(5, metric="chebyshev")
joblib.dump(equal.fit(flowers, kinds), folder / "wrong.joblib")
joblib.dump(
    make_pipeline(HashingVectorizer(n_features=16), LogisticRegression()).fit(
        ["a bb", "cc dd"], [0, 1]
    ),
    folder / "text.joblib",
)
joblib.dump(
    {"model": hostile.coef_, "is": LogisticRegression().fit(flowers, kinds)}, folder / "dict.joblib"
)
joblib.dump(LogisticRegression(), folder / "unfitted.joblib")
old = LogisticRegression().fit(flowers, kinds)
body = pickle.dumps(old).replace(b"1.9.1", b"1.2.3")
(folder / "old.pkl").write_bytes(body)
