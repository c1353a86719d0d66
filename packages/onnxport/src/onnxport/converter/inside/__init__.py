"""What runs inside the environment of a converter: standard library, numpy and the framework, nothing of onnxport but its interface."""
