"""Starting workers: the directory they run in, their environment variables, their interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from onnxport_serve.script.worker import Worker
from onnxport_serve.worker.config import Config

_OURS = ("PYTHON", "ONNXPORT_", "VIRTUAL_ENV", "UV_")
"""What concerns onnxport's own interpreter and not the user's."""


@dataclass(frozen=True)
class Launch:
    """Everything that the workers of a revision have in common.

    `variables` are set for them on top of the front's own environment; `threads` is each worker's share of the cores.
    """

    interpreter: Path
    config: Config
    variables: dict[str, str]
    threads: int
    lay_out: Callable[[], object]
    """Fills the directory that the script runs in."""

    def through(self, queue: int, board: int) -> Launch:
        """The same with the descriptors that workers inherit."""
        return replace(self, config=self.config._replace(queue=queue, board=board))

    def start(self, slot: int) -> Worker:
        """Start the worker of one place; raises `OSError` where that fails."""
        if not Path(self.config.script).exists():
            self.lay_out()  # the script has removed its own directory
        config = self.config._replace(slot=slot)
        return Worker(str(self.interpreter), config, self._environment())

    def _environment(self) -> dict[str, str]:
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(_OURS)}
        path = f"{self.interpreter.parent}{os.pathsep}{inherited.get('PATH', os.defpath)}"
        share = str(self.threads)
        pools = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), share)
        return {
            **inherited,
            **{name: inherited.get(name, value) for name, value in pools.items()},
            "PATH": path,
            "VIRTUAL_ENV": str(self.interpreter.parent.parent),
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONIOENCODING": "utf-8:backslashreplace",
            **self.variables,
        }
