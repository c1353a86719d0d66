"""Class labels as ONNX holds them."""

from typing import Any

import numpy as np


def plain_labels(classes: Any) -> tuple[Any, ...]:
    """Class labels as whole numbers where they are such, else as text."""
    classes = np.asarray(classes)
    whole = classes.dtype.kind in "biu" or (
        classes.dtype.kind == "f" and bool((classes == classes.astype(int)).all())
    )
    return tuple(int(label) if whole else str(label) for label in classes)
