"""A copy of a fitted scikit-learn model that skl2onnx converts exactly, and what has to be mended in what it writes."""

from typing import Any

from onnxport.converter.inside.sklearn.parts import last_step
from onnxport.converter.inside.sklearn.simple import simplified


def exact_copy(model: Any) -> Any:
    """The model without options that skl2onnx refuses but that change no prediction."""
    made = simplified(model)
    last = last_step(made)
    if hasattr(last, "flatten_transform"):
        # Only shapes what `transform` gives, which is not converted.
        last.flatten_transform = False
    return made


def mend_binary_discriminant(converted: Any, model: Any) -> None:
    """Two-class linear discriminant analysis is logistic; skl2onnx writes a softmax over `-s` and `s`, which is another curve."""
    last = last_step(model)
    if type(last).__name__ != "LinearDiscriminantAnalysis" or len(last.classes_) != 2:
        return
    for node in converted.graph.node:
        for attribute in node.attribute:
            if attribute.name == "post_transform" and attribute.s == b"SOFTMAX":
                attribute.s = b"LOGISTIC"
