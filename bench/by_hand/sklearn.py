"""scikit-learn by hand: `python sklearn.py MODEL OUTPUT`."""

import sys
from pathlib import Path

import joblib
import skops.io
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

source, output = sys.argv[1:]
if source.endswith(".skops"):
    trusted = skops.io.get_untrusted_types(file=source)
    model = skops.io.load(source, trusted=trusted)
else:
    model = joblib.load(source)
types = [("X", FloatTensorType([None, model.n_features_in_]))]
Path(output).write_bytes(to_onnx(model, initial_types=types).SerializeToString())
