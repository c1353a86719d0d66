"""Converters: from a model as its framework saved it to ONNX.

One file per framework in this folder; `inside/` runs in a converter's own environment, `isolation/` makes and enters that environment,
`proof/` compares the result with the framework, outside of it.
"""
