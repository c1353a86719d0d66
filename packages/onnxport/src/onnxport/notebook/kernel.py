"""What a notebook's kernel is started with: a folder with onnxport's modules and the shims, and variables that lead to them."""

import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onnxport.environment.own_python import VARIABLE as OWN_PYTHON
from onnxport.environment.own_python import own_python

OWN_MODULES = ("onnxport", "onnxport_serve", "azureml")
OLDEST_PYTHON_OF_MODULES = 11
"""The minor version from which on onnxport's modules can be imported in a kernel."""

_INSIDE = Path(__file__).parent / "inside"
RUNNER_PROGRAM = _INSIDE / "run_cells.py"
_SITE = _INSIDE / "site"
_PIP = """#!/bin/sh
echo "pip: a notebook's packages come from its environment, which others share. Nothing was changed." >&2
echo "pip: name what it needs in a file and say: onnxport notebook run FILE.ipynb --env FILE" >&2
exit 1
"""
MISLEADING = (
    "VIRTUAL_ENV",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "__PYVENV_LAUNCHER__",
    "MPLBACKEND",
    "PYTHONWARNINGS",
)
"""Variables that lead an interpreter to the packages or settings of another one."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that can be started.

    Attributes:
        interpreter: that of its environment.
        folder: holds `bin` with the shims and `modules` with links to onnxport's.
        workspace: the folder of the workspace that its code opens.
        mirror: the folder of the download mirror.
        hook: the program of the mirror's hook.
        has_modules: whether onnxport's own modules can be imported in it.
    """

    interpreter: Path
    folder: Path
    workspace: Path
    mirror: Path
    hook: Path
    has_modules: bool

    def specification(
        self, title: str = "onnxport", variables: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The kernel specification as Jupyter reads it, `kernel.json`.

        Args:
            title: what a person sees.
            variables: those of the environment file.
        """
        programs = self.folder / "bin"
        own = {
            "PATH": os.pathsep.join([str(programs), str(self.interpreter.parent), "${PATH}"]),
            "PYTHONPATH": str(_SITE),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "ONNXPORT_WORKSPACE": str(self.workspace),
            "ONNXPORT_MIRROR": str(self.mirror),
            "ONNXPORT_NOTEBOOK_PREFIX": str(self.interpreter.parents[1]),
            "ONNXPORT_NOTEBOOK_MODULES": str(self.folder / "modules") if self.has_modules else "",
            "ONNXPORT_NOTEBOOK_HOOK": str(self.hook),
            "ONNXPORT_NOTEBOOK_BIN": str(programs),
            OWN_PYTHON: own_python(),
        }
        return {
            "argv": [
                str(self.interpreter),
                "-Xfrozen_modules=off",
                "-m",
                "ipykernel_launcher",
                "-f",
                "{connection_file}",
            ],
            "display_name": title,
            "language": "python",
            "interrupt_mode": "signal",
            "metadata": {"debugger": True},
            "env": {**(variables or {}), **own},
        }


def ensure_kernel_folder(parent: Path, interpreter: Path, hook: Path) -> Path:
    """The folder with shims and links for an environment and this installation; made whole, once, beside others.

    The modules are linked to where they are installed: an installation that is updated is updated in its kernels too.
    """
    links = {name: place for name in OWN_MODULES if (place := _place_of(name)) is not None}
    key = [str(interpreter), str(hook), sorted(map(str, links.values()))]
    folder = parent / hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=parent) as beside:
        made = Path(beside) / "kernel"
        _fill(made, links, interpreter, hook)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another made the same at the same time
                raise
    return folder


def _fill(made: Path, links: Mapping[str, Path], interpreter: Path, hook: Path) -> None:
    for name in ("bin", "modules"):
        (made / name).mkdir(parents=True)
    for name, place in links.items():
        (made / "modules" / name).symlink_to(place)
    scripts = dict.fromkeys(("pip", "pip3"), _PIP)
    for program in ("wget", "curl"):
        command = shlex.join([str(interpreter), str(hook), program])
        scripts[program] = f'#!/bin/sh\nexec {command} "$@"\n'
    for name, text in scripts.items():
        (made / "bin" / name).write_text(text, encoding="utf-8")
        (made / "bin" / name).chmod(0o755)


def _place_of(module: str) -> Path | None:
    spec = find_spec(module)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).resolve() if places else None
