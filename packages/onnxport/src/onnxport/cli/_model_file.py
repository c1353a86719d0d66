"""What commands that look into a model take: a file, a folder, or a reference to a registered model."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onnxport.cli._options import open_workspace
from onnxport.domain.names import is_reference


@contextmanager
def model_file(text: str, workspace: str | None) -> Iterator[Path]:
    """The path that `text` names; a registered version is copied to a folder that lives as long as the context."""
    if not is_reference(text):
        yield Path(text).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="onnxport-") as folder:
        yield open_workspace(workspace).models.download(text, Path(folder))
