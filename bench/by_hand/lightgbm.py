"""LightGBM by hand, through onnxmltools: `python lightgbm.py MODEL OUTPUT`."""

import sys
from pathlib import Path

import joblib
import lightgbm
import onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType

source, output = Path(sys.argv[1]), Path(sys.argv[2])
model = joblib.load(source) if source.suffix == ".joblib" else lightgbm.Booster(model_file=source)
booster = getattr(model, "booster_", model)
types = [("X", FloatTensorType([None, booster.num_feature()]))]
made = onnxmltools.convert_lightgbm(model, initial_types=types, zipmap=False, target_opset=15)
output.write_bytes(made.SerializeToString())
