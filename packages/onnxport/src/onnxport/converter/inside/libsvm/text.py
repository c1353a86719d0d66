"""Reading LIBSVM's text file: every line is checked, and nothing is made larger than what the file holds.

Source of the format: `svm_save_model` and `svm_load_model` of LIBSVM 3.37. LIBSVM itself takes much that is damaged without a word;
here it is refused.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from onnxport.converter.inside.libsvm.machine import (
    CLASSIFIERS,
    KERNELS,
    ONE_CLASS,
    REGRESSORS,
    Kernel,
    Machine,
    SparseRows,
)
from onnxport.converter.interface import ConversionRefused

_KEYS = (
    *("svm_type", "kernel_type", "degree", "gamma", "coef0", "nr_class", "total_sv", "rho"),
    *("label", "probA", "probB", "prob_density_marks", "nr_sv"),
)
_LONGEST_LINE = 256 << 20
_MOST_CLASSES = 1 << 12
_MARKS = 10
_INTEGER = 1 << 31

Header = dict[str, list[str]]


class _Damaged(Exception):
    """What is wrong with the file, in words."""


def read_machine(path: Path) -> Machine:
    """The machine in a model file; raises `ConversionRefused` where it is damaged, or cannot be converted."""
    try:
        with path.open("rb") as file:
            lines = _lines(file)
            header = _read_header(lines)
            return Machine(**_stated(header), **_read_vectors(header, lines))
    except _Damaged as error:
        raise ConversionRefused(
            f"{path.name} is not a whole LIBSVM model: {error}",
            "Copy it again, or save it again with svm-train or svm_save_model.",
        ) from None


def _lines(file: IO[bytes]) -> Iterator[str]:
    """The lines without their ends; the last one must have an end, because a file that was cut off has none."""
    while line := file.readline(_LONGEST_LINE):
        if not line.endswith(b"\n"):
            raise _Damaged("it ends, or has a line that is too long, in the middle of a line")
        try:
            yield line.decode("ascii").strip()
        except UnicodeDecodeError:
            raise _Damaged("it holds bytes that are no text") from None


def _read_header(lines: Iterator[str]) -> Header:
    header: Header = {}
    for line in lines:
        if line == "SV":
            return header
        words = line.split()
        if not words:
            raise _Damaged("it has an empty line before its support vectors")
        key = words[0]
        if key not in _KEYS:
            raise _Damaged(f"it has a line '{key[:40]}', which LIBSVM does not know")
        if key in header:
            raise _Damaged(f"it states '{key}' twice")
        header[key] = words[1:]
    raise _Damaged("it ends before its support vectors")


def _stated(header: Header) -> dict[str, Any]:
    """What the header says, by the names of `Machine`; what cannot be converted is told before a long file is read."""
    kind, kernel, classes = _kind(header), _kernel(header), _classes(header)
    pairs = classes * (classes - 1) // 2
    stated: dict[str, Any] = {"kind": kind, "kernel": kernel}
    stated["rho"] = np.array(_numbers(header, "rho", pairs))
    if kind == ONE_CLASS:
        stated["marks"] = _marks(header)
    if kind in CLASSIFIERS:
        stated["labels"] = tuple(_integers(header, "label", classes))
        stated["counts"] = _counts(header, classes)
        stated["sigmoids"] = _sigmoids(header, pairs)
    return stated


def _kind(header: Header) -> str:
    kind = _word(header, "svm_type")
    if kind not in (*CLASSIFIERS, *REGRESSORS, ONE_CLASS):
        raise _Damaged(f"its svm_type '{kind[:40]}' does not exist")
    return kind


def _kernel(header: Header) -> Kernel:
    kind = _word(header, "kernel_type")
    if kind == "precomputed":
        raise ConversionRefused(
            "this model takes values of a kernel that was computed outside of LIBSVM, from training rows that the file does not hold",
            "Train with one of LIBSVM's own kernels (svm-train -t 0 to -t 3).",
        )
    if kind not in KERNELS:
        raise _Damaged(f"its kernel_type '{kind[:40]}' does not exist")
    degree = _integers(header, "degree", 1)[0] if kind == "polynomial" else 0
    gamma = _numbers(header, "gamma", 1)[0] if kind != "linear" else 0.0
    coef0 = _numbers(header, "coef0", 1)[0] if kind in ("polynomial", "sigmoid") else 0.0
    if degree < 0 or gamma < 0:
        raise _Damaged("its kernel has a negative degree or gamma")
    return Kernel(kind, degree, gamma, coef0)


def _classes(header: Header) -> int:
    classes = _integers(header, "nr_class", 1)[0]
    if not 1 <= classes <= _MOST_CLASSES:
        raise _Damaged(f"it states {classes} classes")
    if classes == 1:
        raise ConversionRefused(
            "this model was trained on rows of one class only and always answers that",
            "Train it on rows of two or more classes.",
        )
    if _kind(header) not in CLASSIFIERS and classes != 2:
        raise _Damaged(f"it states {classes} classes, where LIBSVM always writes 2")
    return classes


def _total(header: Header) -> int:
    total = _integers(header, "total_sv", 1)[0]
    if total < 0:
        raise _Damaged(f"it states {total} support vectors")
    if total == 0:
        raise ConversionRefused(
            "this model has no support vectors and always answers the same",
            "Train it with other parameters or data.",
        )
    return total


def _counts(header: Header, classes: int) -> tuple[int, ...]:
    counts = tuple(_integers(header, "nr_sv", classes))
    if sum(counts) != _total(header) or min(counts) < 0:
        raise _Damaged("the numbers in 'nr_sv' do not add up to 'total_sv'")
    return counts


def _sigmoids(header: Header, pairs: int) -> Any:
    if "probA" not in header and "probB" not in header:
        return None
    return np.array([_numbers(header, "probA", pairs), _numbers(header, "probB", pairs)])


def _marks(header: Header) -> Any:
    if "prob_density_marks" not in header:
        return None
    return np.array(_numbers(header, "prob_density_marks", _MARKS))


def _read_vectors(header: Header, lines: Iterator[str]) -> dict[str, Any]:
    """The support vectors and their coefficients, by the names of `Machine`."""
    weights, total = _classes(header) - 1, _total(header)
    coefficients: list[Any] = []
    columns: list[Any] = []
    values: list[Any] = []
    for line in lines:
        if len(coefficients) == total:
            if line:
                raise _Damaged(f"more follows after the {total} support vectors that it states")
            continue
        row = _read_vector(line, weights, len(coefficients) + 1)
        for kept, part in zip((coefficients, columns, values), row, strict=True):
            kept.append(part)
    if len(coefficients) != total:
        raise _Damaged(
            f"it holds {len(coefficients)} of the {total} support vectors that it states"
        )
    lengths = [len(part) for part in columns]
    indices = np.concatenate(columns)
    first = 0 if (indices == 0).any() else 1
    rows = SparseRows(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        indices.astype(np.int64) - first,
        np.concatenate(values),
    )
    return {
        "vectors": rows,
        "coefficients": np.array(coefficients).T.copy(),
        "first_index": first,
        "width": int(rows.columns.max(initial=-1)) + 1,
    }


def _read_vector(line: str, weights: int, number: int) -> tuple[Any, Any, Any]:
    """One line: the coefficients, then pairs `index:value` with growing indices."""
    words = line.split()
    if len(words) < weights or any(":" in word for word in words[:weights]):
        raise _Damaged(f"support vector {number} has fewer than {weights} coefficients")
    pairs = [word.partition(":") for word in words[weights:]]
    try:
        numbers = [_number(word) for word in words[:weights]]
        indices = np.array([_index(index) for index, _, _ in pairs], np.int64)
        values = np.array([_number(value) for _, _, value in pairs])
    except ValueError as error:
        raise _Damaged(f"support vector {number} holds '{str(error)[:40]}'") from None
    if (np.diff(indices) <= 0).any():
        raise _Damaged(f"the indices of support vector {number} do not grow")
    return numbers, indices, values


def _index(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 10 and int(word) < _INTEGER):
        raise ValueError(word)
    return int(word)


def _number(word: str) -> float:
    """A finite number; `ValueError` with the word where it is none."""
    try:
        value = float(word) if "_" not in word else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(word)
    return value


def _word(header: Header, key: str) -> str:
    return _words(header, key, 1)[0]


def _words(header: Header, key: str, count: int) -> Sequence[str]:
    if key not in header:
        raise _Damaged(f"it does not state '{key}'")
    words = header[key]
    if len(words) != count:
        raise _Damaged(f"'{key}' has {len(words)} values where {count} belong")
    return words


def _numbers(header: Header, key: str, count: int) -> list[float]:
    words = _words(header, key, count)
    try:
        return [_number(word) for word in words]
    except ValueError as error:
        raise _Damaged(f"'{key}' holds '{str(error)[:40]}'") from None


def _integers(header: Header, key: str, count: int) -> list[int]:
    numbers = []
    for word in _words(header, key, count):
        digits = word.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
            raise _Damaged(f"'{key}' holds '{word[:40]}', which is no whole number")
        if not -_INTEGER <= int(word) < _INTEGER:
            raise _Damaged(f"'{key}' holds {word}, which is too large")
        numbers.append(int(word))
    return numbers
