"""Keras by hand: `python keras.py MODEL OUTPUT` calls tf2onnx's own command line."""

import runpy
import sys

sys.argv = ["tf2onnx.convert", "--keras", sys.argv[1], "--opset", "18", "--output", sys.argv[2]]
runpy.run_module("tf2onnx.convert", run_name="__main__")
