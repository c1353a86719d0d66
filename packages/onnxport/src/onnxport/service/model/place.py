"""Model versions laid out in the workspace, to be read in place: `models/<name>/<version>/`."""

import shutil
import tempfile
from collections.abc import Callable, Container
from pathlib import Path

from onnxport.domain.model import ModelVersion

FOLDER = "models"


def placed_model(
    root: Path, version: ModelVersion, place: Callable[[ModelVersion, Path], object]
) -> Path:
    """The file or folder that stands for a version, placed unless it is there already.

    Args:
        root: the workspace's folder.
        version: the version; a number is given once, so what lies there is always right.
        place: puts its files into a directory.
    """
    folder = root / FOLDER / version.name / str(version.version)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".onnxport-", dir=folder.parent))
        try:
            partial.chmod(0o755)
            place(version, partial)
            _publish(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder if version.entry is None else folder / version.entry


def remove_places(root: Path, keep: Container[tuple[str, int]]) -> list[Path]:
    """Remove the places of other versions than these, and what killed processes left; returns what it removed.

    Nobody may be placing a model meanwhile.
    """
    gone = [
        path
        for path in (root / FOLDER).glob("*/*/")
        if not path.name.isdecimal() or (path.parent.name, int(path.name)) not in keep
    ]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return gone


def _publish(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was first
            raise
