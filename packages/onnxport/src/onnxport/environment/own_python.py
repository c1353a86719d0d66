"""The interpreter that onnxport is installed in, which runs its own programs: endpoints, inspection, single requests."""

import os
import sys

VARIABLE = "ONNXPORT_PYTHON"


def own_python() -> str:
    """The path of the interpreter: the one that runs, or in a notebook's kernel the one that the kernel was made by.

    A kernel has the notebook's packages, which may be too old to run an endpoint, and an endpoint outlives it.
    """
    return os.environ.get(VARIABLE) or sys.executable
