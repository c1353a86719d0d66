"""LIBSVM's own code as scikit-learn ships it, on a model file that is read anew: nothing of `text` is used here.

LIBSVM's package has no wheels for Linux. scikit-learn's copy is LIBSVM 3.10, its sparse rows included. Since then prediction has changed
in two points that this copy cannot run: probabilities of two classes are those of their one pair (it goes through the rounds of many
classes), and there are probabilities of one class. For these the formulas are applied to LIBSVM's decision values.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

_TYPES = ("c_svc", "nu_svc", "one_class", "epsilon_svr", "nu_svr")
_KERNELS = ("linear", "polynomial", "rbf", "sigmoid")
_LEAST = 1e-7


class BundledMachine:
    """A model file, ready to be asked."""

    def __init__(self, path: Path) -> None:
        head, _, body = path.read_text(encoding="ascii").replace("\r\n", "\n").partition("\nSV\n")
        words = [line.split() for line in head.splitlines()]
        self._header = {key: np.array(values) for key, *values in words}
        self._labels = self._numbers("label").astype(np.int64)
        weights = int(self._header["nr_class"][0]) - 1
        split = [line.split(maxsplit=weights) for line in body.splitlines() if line]
        self._coefficients = np.array([line[:weights] for line in split]).astype(np.float64)
        rows = [line[weights] if len(line) > weights else "" for line in split]
        self._vectors = _sparse_rows(rows)

    def answers(self, rows: Any) -> dict[str, Any]:
        """What LIBSVM says of dense rows, by the names of the converted model's outputs; those that do not apply are there too."""
        from sklearn.svm import _libsvm_sparse as libsvm

        arguments = (*self._arrays(rows), *self._settings())
        predicted = libsvm.libsvm_sparse_predict(*arguments)
        decisions = libsvm.libsvm_sparse_decision_function(*arguments)
        answers = {"prediction": predicted, "decision_values": decisions}
        places = predicted.astype(np.int64)
        voted = self._labels[places] if len(self._labels) else places
        answers |= {"label": voted, "voted_label": voted}
        if len(self._numbers("probB")):
            many = len(self._labels) > 2
            probabilities = (
                libsvm.libsvm_sparse_predict_proba(*arguments) if many else self._two(decisions)
            )
            answers["probabilities"] = probabilities
            answers["label"] = self._labels[probabilities.argmax(axis=1)]
        if len(self._numbers("prob_density_marks")):
            answers["probabilities"] = self._one(decisions)
        return answers

    def _arrays(self, rows: Any) -> tuple[Any, ...]:
        """The rows and the vectors as compressed sparse rows."""
        from scipy.sparse import csr_array

        return (*_parts(csr_array(rows)), *_parts(self._vectors))

    def _settings(self) -> tuple[Any, ...]:
        kernel = _KERNELS.index(str(self._header["kernel_type"][0]))
        counts = self._numbers("nr_sv").astype(np.int32)
        nothing = np.zeros(0)
        slopes, offsets = self._numbers("probA"), self._numbers("probB")
        return (
            np.ascontiguousarray(self._coefficients.T).reshape(-1),
            -self._numbers("rho"),
            _TYPES.index(str(self._header["svm_type"][0])),
            kernel,
            int(self._number("degree", 0)),
            self._number("gamma", 0.0),
            self._number("coef0", 0.0),
            1e-3,
            1.0,
            nothing,
            0.5,
            0.1,
            1,
            int(len(offsets) > 0),
            counts if len(counts) else np.zeros(2, np.int32),
            slopes,
            offsets,
        )

    def _two(self, decisions: Any) -> Any:
        from scipy.special import expit

        exponent = decisions[:, 0] * self._numbers("probA")[0] + self._numbers("probB")[0]
        first = np.clip(expit(-exponent), _LEAST, 1 - _LEAST)
        return np.stack([first, 1 - first], axis=1)

    def _one(self, decisions: Any) -> Any:
        marks = self._numbers("prob_density_marks")
        below = np.searchsorted(marks, decisions[:, 0], side="right")
        inside = np.where(below == 0, 0.001, below % len(marks) / len(marks))
        inside = np.where(decisions[:, 0] > marks[-1], 0.999, inside)
        return np.stack([inside, 1 - inside], axis=1)

    def _numbers(self, key: str) -> Any:
        return self._header.get(key, np.zeros(0)).astype(np.float64)

    def _number(self, key: str, default: float) -> float:
        numbers = self._numbers(key)
        return float(numbers[0]) if len(numbers) else default


def _sparse_rows(rows: "list[str]") -> Any:
    """The vectors, read by scikit-learn's reader of such rows; it too counts columns from 1 unless index 0 is used."""
    from sklearn.datasets import load_svmlight_file

    text = "".join(f"0 {row}\n" for row in rows)
    return load_svmlight_file(io.BytesIO(text.encode()), zero_based="auto")[0]


def _parts(rows: Any) -> tuple[Any, Any, Any]:
    """Never empty: LIBSVM's wrapper takes the address of the first value."""
    data = np.append(rows.data, 0.0)
    return data, np.append(rows.indices, 0).astype(np.int32), rows.indptr.astype(np.int32)
