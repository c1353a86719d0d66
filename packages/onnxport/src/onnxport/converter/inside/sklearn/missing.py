"""Missing values (NaN) in scikit-learn's trees: each split says to which side they go, which skl2onnx leaves out."""

from typing import Any

import numpy as np

_ATTRIBUTE = "nodes_missing_value_tracks_true"


def last_step(model: Any) -> Any:
    """The estimator that answers: the model itself, or the last step of a pipeline."""
    return last_step(model.steps[-1][1]) if hasattr(model, "steps") else model


def handles_missing(model: Any) -> bool:
    """Whether what happens to missing values is part of the model, and the ONNX model is made to do the same."""
    first = model.steps[0][1] if hasattr(model, "steps") else model
    imputes = type(first).__name__ in {"SimpleImputer", "KNNImputer"}
    last = last_step(model)
    return imputes or hasattr(last, "_predictors") or bool(_sides(last))


def send_missing(converted: Any, model: Any) -> None:
    """Write the side of missing values into the tree nodes of a converted tree or forest."""
    sides = [side for tree in _sides(last_step(model)) for side in tree]
    for node in converted.graph.node:
        if not node.op_type.startswith("TreeEnsemble") or not sides:
            continue
        counts = {len(a.ints) for a in node.attribute if a.name == "nodes_nodeids"}
        if counts != {len(sides)}:
            continue
        kept = [attribute for attribute in node.attribute if attribute.name != _ATTRIBUTE]
        del node.attribute[:]
        node.attribute.extend(kept)
        node.attribute.add(name=_ATTRIBUTE, type=7, ints=sides)  # 7: AttributeProto.INTS


def _sides(last: Any) -> list[list[int]]:
    """Per tree, in node order: 1 where missing values go left. Empty for anything but a tree or a forest."""
    forest = getattr(last, "estimators_", None)
    is_forest = type(last).__module__ == "sklearn.ensemble._forest"
    trees = list(forest) if is_forest and forest is not None else [last]
    if not all(hasattr(tree, "tree_") for tree in trees):
        return []
    return [np.asarray(tree.tree_.missing_go_to_left).astype(int).tolist() for tree in trees]
