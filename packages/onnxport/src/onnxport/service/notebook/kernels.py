"""Kernels that Jupyter offers to a person: a folder with `kernel.json` in the user's Jupyter folder.

Where: the page "Making kernels for Jupyter" of jupyter_client's documentation.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onnxport.errors import UserError
from onnxport.service.replace_file import replace_file

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}\Z")
_OURS = "ONNXPORT_NOTEBOOK_PREFIX"


class KernelNameInvalid(UserError):
    """A name that Jupyter cannot find a kernel under."""

    code = "kernel_name_invalid"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name[:80]!r} is not a name for a kernel",
            "Use small letters, digits, '.', '_' and '-', for example --name onnxport",
        )


class KernelNameTaken(UserError):
    """Another program's kernel has the name."""

    code = "kernel_name_taken"

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(
            f"there is a kernel {name!r} in {folder} that is not from onnxport",
            "Choose another name with --name.",
        )


def check_kernel_name(name: str) -> Path:
    """The folder of the kernel with this name; raises `KernelNameInvalid` and `KernelNameTaken`."""
    if not _NAME.match(name):
        raise KernelNameInvalid(name)
    folder = _kernels() / name
    if folder.exists() and not _is_ours(folder):
        raise KernelNameTaken(name, folder)
    return folder


def install_kernel(name: str, specification: Mapping[str, Any]) -> Path:
    """Write a kernel specification where Jupyter looks for it, over one of ours; returns its folder."""
    folder = check_kernel_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(specification, indent=2) + "\n"
    replace_file(folder / "kernel.json", text.encode())
    return folder


def _kernels() -> Path:
    named = os.environ.get("JUPYTER_DATA_DIR")
    if named:
        return Path(named).expanduser() / "kernels"
    if sys.platform == "darwin":
        return Path("~/Library/Jupyter/kernels").expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "jupyter" / "kernels"


def _is_ours(folder: Path) -> bool:
    try:
        document = json.loads((folder / "kernel.json").read_bytes())
        return _OURS in document["env"]
    except FileNotFoundError:
        return folder.is_dir() and not any(folder.iterdir())
    except (OSError, ValueError, KeyError, TypeError):
        return False
