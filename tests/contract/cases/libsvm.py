"""Copies models that the LIBSVM converter must prove: `python libsvm.py FOLDER`. LIBSVM itself made them; `test_libsvm_onnx.py` has more."""

import shutil
import sys
from pathlib import Path

MODELS = Path(__file__).parents[2] / "unit" / "converter" / "libsvm_answers"
NAMES = (
    "c_svc-polynomial-three",
    "c_svc-rbf-five-b",
    "one_class-rbf-none-b",
    "nu_svr-rbf-far",
)

for name in NAMES:
    shutil.copy(MODELS / f"{name}.model", sys.argv[1])
