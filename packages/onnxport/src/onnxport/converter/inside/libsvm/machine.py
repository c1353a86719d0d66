"""A support vector machine as LIBSVM's model file states it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

CLASSIFIERS = ("c_svc", "nu_svc")
REGRESSORS = ("epsilon_svr", "nu_svr")
ONE_CLASS = "one_class"
KERNELS = ("linear", "polynomial", "rbf", "sigmoid")


@dataclass(frozen=True)
class SparseRows:
    """Rows of which only the stated values are kept: those of row `i` lie from `starts[i]` to `starts[i + 1]`; `columns` count from 0."""

    starts: Any
    columns: Any
    values: Any

    def __len__(self) -> int:
        return len(self.starts) - 1

    def dense(self, width: int, rows: Any = None) -> Any:
        """All rows, or those named, float64 [rows, width]."""
        chosen = range(len(self)) if rows is None else rows
        made = np.zeros((len(chosen), width))
        for place, row in enumerate(chosen):
            part = slice(self.starts[row], self.starts[row + 1])
            made[place, self.columns[part]] = self.values[part]
        return made


@dataclass(frozen=True)
class Kernel:
    """How two rows are compared. What the kind does not use is 0."""

    kind: str
    degree: int = 0
    gamma: float = 0.0
    coef0: float = 0.0


@dataclass(frozen=True)
class Machine:
    """All that a model file says.

    Attributes:
        kind: LIBSVM's `svm_type`.
        kernel: how rows are compared.
        vectors: the support vectors; those of one class follow each other, in the order of `labels`.
        coefficients: float64 [classes - 1, vectors]; of a vector of class `i`, row `j - 1` (`j > i`) or `j` (`j < i`) is for
            the pair with class `j`.
        rho: float64 [pairs]; pairs are (0, 1), (0, 2) ... (1, 2) ...
        labels: of the classes, in the file's order; empty for regression and one class.
        counts: how many vectors each class has; empty likewise.
        sigmoids: `probA` and `probB` of each pair of classes, float64 [2, pairs].
        marks: `prob_density_marks` of a one-class machine.
        first_index: the index in the file of the input's first column: 1, or 0 where the file uses index 0.
        width: how many columns the vectors use.
    """

    kind: str
    kernel: Kernel
    vectors: SparseRows
    coefficients: Any
    rho: Any
    labels: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    sigmoids: Any = None
    marks: Any = None
    first_index: int = 1
    width: int = 0

    @property
    def classifies(self) -> bool:
        """Whether it tells classes apart."""
        return self.kind in CLASSIFIERS
