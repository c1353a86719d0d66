"""XGBoost by hand, through onnxmltools: `python xgboost.py MODEL OUTPUT`."""

import pickle
import sys
from pathlib import Path

import joblib
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

source, output = Path(sys.argv[1]), Path(sys.argv[2])
if source.suffix == ".joblib":
    model = joblib.load(source)
elif source.suffix == ".pkl":
    model = pickle.loads(source.read_bytes())
else:
    model = xgboost.Booster(model_file=source)
booster = model.get_booster() if hasattr(model, "get_booster") else model
types = [("X", FloatTensorType([None, booster.num_features()]))]
made = onnxmltools.convert_xgboost(model, initial_types=types, target_opset=15)
output.write_bytes(made.SerializeToString())
