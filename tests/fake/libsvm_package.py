"""LIBSVM's Python package as far as models are saved and asked: its library knows one model, whose file and answers lie in a folder."""

import shutil
import sys
from ctypes import Structure, c_double, c_int
from pathlib import Path
from types import ModuleType

import pytest


class Node(Structure):
    _fields_ = (("index", c_int), ("value", c_double))


class Library:
    """Answers rows in the order in which they are asked, as LIBSVM answered them."""

    def __init__(self, file: Path, said: dict) -> None:
        self.file = file
        self.said = said
        self.asked: list[list[tuple[int, float]]] = []

    def svm_save_model(self, path: bytes, model: object) -> int:
        shutil.copy(self.file, path.decode())
        return 0

    def svm_check_probability_model(self, model: object) -> int:
        return int("probabilities" in self.said)

    def svm_predict_values(self, model: object, nodes: list, values: object) -> float:
        self.asked.append([(node.index, node.value) for node in nodes])
        place = len(self.asked) - 1
        values[:] = self.said["decision_values"][place]
        return self.said["predicted"][place]

    def svm_predict_probability(self, model: object, nodes: list, estimates: object) -> float:
        place = len(self.asked) - 1
        estimates[:] = self.said["probabilities"][place]
        return self.said["predicted_b"][place]


def loaded_model(monkeypatch: pytest.MonkeyPatch, file: Path, said: dict, classes: int) -> object:
    """An `svm_model` of a module `libsvm.svm` that is loaded, as in a process that trained one."""
    svm = ModuleType("libsvm.svm")
    svm.libsvm, svm.svm_node = Library(file, said), Node
    kind = type("svm_model", (), {"__module__": "libsvm.svm", "nr_class": classes})
    monkeypatch.setitem(sys.modules, "libsvm.svm", svm)
    return kind()
