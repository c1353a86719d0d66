"""Frozen values without input or output: what the rest of onnxport talks about."""
