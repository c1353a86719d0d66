"""`Model.get_model_path`, the one thing that a scoring script asks of a model."""

from __future__ import annotations

from typing import Any

from onnxport_worker.models import ModelNotFound, model_path

from azureml.exceptions import ModelNotFoundException


class Model:
    """Models of this revision."""

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: Any = None) -> str:
        """The path of a model's file or folder; raises `ModelNotFoundException`."""
        del _workspace
        try:
            return str(model_path(model_name, version))
        except ModelNotFound as error:
            raise ModelNotFoundException(str(error)) from None
