"""Showing that an ONNX model predicts the same as the framework it came from."""
