"""What has to stand before the script is imported: where it finds modules, and how ONNX Runtime behaves."""

from __future__ import annotations

import os
import sys

from . import sessions
from .config import Config

_SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim")


def prepare(config: Config) -> None:
    """Set the search path and the hooks."""
    find_modules(config.app_root, os.path.dirname(config.script), config.source)
    sessions.install(
        threads=config.threads, keeps_sessions=config.session_cache, fixed=config.models
    )


def find_modules(app_root: str, script_folder: str, source: str | None) -> None:
    """Modules of the script come first, then what it expects of Azure ML, then the environment's packages.

    Azure's server has the folder of the app and that of the source on the path; the folder of the script is what Python itself adds when
    a file is run.
    """
    own = [script_folder, *([source] if source else []), app_root, _SHIM]
    sys.path[:0] = [path for n, path in enumerate(own) if path not in own[:n]]
