"""Hands a live estimator to the scikit-learn converter: `python sklearn_live.py PACKAGE FOLDER`, with PACKAGE onnxport's sources.

Prints what `save` says, as JSON.
"""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

package = types.ModuleType("onnxport")
package.__path__ = [sys.argv[1]]
sys.modules["onnxport"] = package
from onnxport.converter.sklearn import CONVERTER  # noqa: E402

folder = Path(sys.argv[2])
frame = pd.DataFrame({"size": [1.0, 2.0, 3.0, 9.0], "town": ["Ulm", None, "Bonn", "Bonn"]})
front = ColumnTransformer([("w", OneHotEncoder(), ["town"])], remainder="passthrough")
model = make_pipeline(front, LogisticRegression()).fit(frame, ["a", "a", "b", "b"])
live = CONVERTER.save(model, frame, folder)
flat = make_pipeline(LogisticRegression()).fit(np.eye(4), [0, 0, 1, 1])
print(
    json.dumps(
        {
            "takes": [CONVERTER.takes(model), CONVERTER.takes(object())],
            "file": live.source.name,
            "packages": live.packages,
            "inputs": {name: array.tolist() for name, array in live.cases[0].inputs.items()},
            "labels": live.cases[0].expected["label"].tolist(),
            "matrix": list(CONVERTER.save(flat, np.eye(4), folder).cases[0].inputs),
        }
    )
)
