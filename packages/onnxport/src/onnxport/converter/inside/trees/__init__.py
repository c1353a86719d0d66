"""Ensembles of decision trees as ONNX, whichever framework grew them."""
