"""`predict` says what it looked for, and where names are listed."""

from pathlib import Path

import pytest
from fake.models import save_scaling_model
from onnxport import Workspace
from onnxport.service.model.errors import SourceUnsuitable
from onnxport.service.predict import NothingToPredictWith


def test_a_name_that_is_nothing_is_told_with_the_lists_to_look_at(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")

    with pytest.raises(NothingToPredictWith, match="no endpoint, model or file 'nope'") as refused:
        workspace.endpoints.predict("nope", tmp_path / "x.npy")

    wanted = ("onnxport endpoint list", "onnxport model list", "models:/NAME")
    assert wanted == tuple(text for text in wanted if text in refused.value.remedy)


@pytest.mark.parametrize("what", ["n" * 300, "a\0b"], ids=["too long", "nul"])
def test_a_path_that_cannot_be_looked_at_is_told_as_that(tmp_path: Path, what: str) -> None:
    workspace = Workspace.open(tmp_path / "workspace")

    with pytest.raises(SourceUnsuitable, match="cannot be looked at"):
        workspace.endpoints.predict(what, tmp_path / "x.npy")


def test_a_bare_name_of_a_registered_model_is_told_how_to_write_it(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    workspace.models.register(save_scaling_model(tmp_path / "m.onnx"), "iris")

    with pytest.raises(NothingToPredictWith, match="no endpoint or file 'iris'") as refused:
        workspace.endpoints.predict("iris", tmp_path / "x.npy")

    assert "models:/iris" in refused.value.remedy
