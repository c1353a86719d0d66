"""LIBSVM's text files: reading them, writing what they mean as ONNX, and running LIBSVM's own code on them."""
