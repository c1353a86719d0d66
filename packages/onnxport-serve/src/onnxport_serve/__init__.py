"""The data plane of onnxport: serves ONNX models over HTTP."""

__version__ = "0.1.0"
