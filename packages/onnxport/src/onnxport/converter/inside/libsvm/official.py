"""LIBSVM itself, through the functions of its shared library that its Python package declares.

The package's own `svm_predict` is not used: in 3.37 it writes beyond its buffer for a nu_svc of more than two classes.
"""

from ctypes import c_double
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

Answers = dict[str, Any]


class OfficialMachine:
    """A model file, loaded by LIBSVM itself and ready to be asked."""

    def __init__(self, path: Path, first_index: int) -> None:
        from libsvm import svm

        loaded = svm.libsvm.svm_load_model(str(path).encode())
        if not loaded:
            raise ValueError("LIBSVM cannot load it")
        self._svm, self._model, self._first_index = svm, svm.toPyModel(loaded), first_index

    def answers(self, rows: Any) -> Answers:
        """What LIBSVM says of dense rows."""
        return answers(self._svm, self._model, rows, self._first_index)


def answers(svm: ModuleType, model: Any, rows: Any, first_index: int) -> Answers:
    """What LIBSVM says of dense rows, by the names of the converted model's outputs; those that do not apply are there too.

    Args:
        svm: the package's module `libsvm.svm`.
        model: an `svm_model` of it.
        rows: float64 [rows, columns].
        first_index: the index of the first column in LIBSVM's sense.
    """
    library = svm.libsvm
    pairs = model.nr_class * (model.nr_class - 1) // 2
    predicted, decisions, likely, probabilities = [], [], [], []
    for row in rows:
        nodes = _nodes(svm, row, first_index)
        values = (c_double * max(pairs, 1))()
        predicted.append(library.svm_predict_values(model, nodes, values))
        decisions.append(list(values))
        estimates = (c_double * max(model.nr_class, 2))()
        likely.append(library.svm_predict_probability(model, nodes, estimates))
        probabilities.append(list(estimates))
    has_probabilities = bool(library.svm_check_probability_model(model))
    return {
        "label": np.array(likely if has_probabilities else predicted).astype(np.int64),
        "voted_label": np.array(predicted).astype(np.int64),
        "prediction": np.array(predicted),
        "decision_values": np.array(decisions).reshape(len(rows), -1),
        "probabilities": np.array(probabilities).reshape(len(rows), -1),
    }


def _nodes(svm: ModuleType, row: Any, first_index: int) -> Any:
    """A row as LIBSVM holds it: what is not 0, by growing index, closed by index -1."""
    stated = np.flatnonzero(row)
    nodes = (svm.svm_node * (len(stated) + 1))()
    for node, column in zip(nodes, stated, strict=False):
        node.index, node.value = int(column) + first_index, float(row[column])
    nodes[len(stated)].index = -1
    return nodes
