"""CatBoost by hand: `python catboost.py MODEL OUTPUT`."""

import sys
from pathlib import Path

import joblib
from catboost import CatBoost

source, output = Path(sys.argv[1]), sys.argv[2]
model = CatBoost()
if source.suffix in (".joblib", ".pkl"):
    model = joblib.load(source)
else:
    model.load_model(str(source), format=source.suffix[1:])
model.save_model(output, format="onnx")
