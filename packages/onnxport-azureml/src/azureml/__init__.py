"""Modules shaped like the Azure ML SDK v1, over onnxport."""
