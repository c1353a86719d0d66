"""The public SDK's workspace as Python programs hold it."""

from pathlib import Path

import pytest
from onnxport import Workspace


def test_a_workspace_may_be_held_by_a_with_statement_and_used_after_it(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        assert isinstance(workspace, Workspace)

    assert [] == list(workspace.models.list())


def test_an_error_inside_a_with_statement_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Workspace.open(tmp_path / "workspace"):
        raise ZeroDivisionError
