"""`Model`: a registered version, and `InferenceConfig`: the scoring code to put it behind."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from azureml._not_provided import absent
from azureml._translating import translated
from azureml.core._labels import Tags, filter_pairs, optional_pairs, tag_pairs
from azureml.core._printing import say
from azureml.core._record import Record
from azureml.core.inference_config import InferenceConfig
from azureml.core.workspace import Workspace
from azureml.exceptions import (
    ModelNotFoundException,
    UserErrorException,
    WebserviceException,
)

_NO_DATA = "Data sets are not kept; describe them in tags."
_FRAMEWORKS = {
    "Custom": "custom",
    "Onnx": "onnx",
    "PyTorch": "pytorch",
    "ScikitLearn": "sklearn",
    "TensorFlow": "tensorflow",
    "TfKeras": "keras",
    "Multi": "multi",
}
_VENDOR_FRAMEWORKS = {native: name for name, native in _FRAMEWORKS.items()}


class Model(Record):
    """One version of a model; without a version the newest that fits.

    Raises:
        WebserviceException: there is none.
    """

    workspace: Workspace
    native: Any

    class Framework:
        """What a model was made with, by the vendor's names."""

        CUSTOM = "Custom"
        ONNX = "Onnx"
        PYTORCH = "PyTorch"
        SCIKITLEARN = "ScikitLearn"
        TENSORFLOW = "TensorFlow"
        TFKERAS = "TfKeras"
        MULTI = "Multi"

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,
        tags: Iterable[Any] | None = None,
        properties: Iterable[Any] | None = None,
        version: int | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        expand: bool = True,
        **_: Any,
    ) -> None:
        if id is not None:
            name, version = _split_id(id)
        with translated():
            found = workspace.native.models.search(
                name,
                version=None if version is None else int(version),
                tags=filter_pairs(tags),
                properties=filter_pairs(properties),
                framework=_native_framework(model_framework),
                run=run_id,
            )
        if not found:
            wanted = f"{name}:{version}" if version else name
            raise WebserviceException(
                f"ModelNotFound: Model with name {wanted} not found in the workspace"
            )
        self.workspace, self.native = workspace, max(found, key=lambda one: one.created)

    @classmethod
    def of(cls, workspace: Workspace, version: Any) -> "Model":
        """The model of a version that is known."""
        made = cls.__new__(cls)
        made.workspace, made.native = workspace, version
        return made

    def __repr__(self) -> str:
        labels = f"tags={self.tags}, properties={self.properties}"
        return f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, version={self.version}, {labels})"

    @property
    def model_framework(self) -> str:
        """What it was made with, by the vendor's name."""
        return _VENDOR_FRAMEWORKS.get(self.native.framework, Model.Framework.CUSTOM)

    @property
    def model_framework_version(self) -> str | None:
        """The version of that framework."""
        found: str | None = self.native.framework_version
        return found

    @property
    def url(self) -> str:
        """Onnxport's reference to it: `models:/name/version`."""
        return str(self.native.reference)

    @property
    def run_id(self) -> str | None:
        """The run that made it."""
        found: str | None = self.native.lineage.run
        return found

    @property
    def unpack(self) -> bool:
        """Whether it was registered as a folder."""
        return len(self.native.files) > 1

    created_by = ""
    mime_type = "application/json"
    run: Any = None
    experiment_name: str | None = None
    datasets: dict[str, Any] = {}  # noqa: RUF012 - always empty
    sample_input_dataset: Any = None
    sample_output_dataset: Any = None
    resource_configuration: Any = None
    parent_id: str | None = None
    derived_model_ids: Sequence[str] = ()

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str | Path,
        model_name: str,
        tags: Tags = None,
        properties: Tags = None,
        description: str | None = None,
        datasets: Any = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Any = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
    ) -> "Model":
        """Copy a file, or a folder under its own name, into the workspace as the next version of the model.

        What is about data sets, and `resource_configuration`, is told as unmet.

        Raises:
            ModelPathNotFoundException: there is nothing at the path.
            WebserviceException: it cannot be registered.
        """
        if model_framework_version is not None and model_framework is None:
            raise WebserviceException("model_framework_version needs model_framework")
        _tell_unmet(datasets, sample_input_dataset, sample_output_dataset, resource_configuration)
        say(f"Registering model {model_name}")
        with translated():
            version = workspace.native.models.register(
                model_path,
                model_name,
                description=description or "",
                tags=tag_pairs(tags),
                properties=tag_pairs(properties),
                framework=_native_framework(model_framework) or "auto",
                framework_version=model_framework_version,
                keep_folder=True,
            )
        return Model.of(workspace, version)

    @staticmethod
    def get_model_path(
        model_name: str, version: int | None = None, _workspace: Workspace | None = None
    ) -> str:
        """Where the model's file or folder can be read, from the workspace; inside a service, from the service's own files.

        Raises:
            ModelNotFoundException: there is no such model, neither there nor beside this program.
        """
        if version is not None and not isinstance(version, int):
            raise UserErrorException("the version of a model is an integer")
        workspace = _workspace or Workspace()
        reference = f"models:/{model_name}" + ("" if version is None else f"/{version}")
        try:
            with translated():
                return str(workspace.native.models.path(reference))
        except WebserviceException as error:
            if version is None and Path(model_name).exists():
                return str(Path(model_name))
            raise ModelNotFoundException(f"Model {model_name} not found", error) from error

    @staticmethod
    def list(
        workspace: Workspace,
        name: str | None = None,
        tags: Iterable[Any] | None = None,
        properties: Iterable[Any] | None = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> "list[Model]":
        """The versions that pass every filter, newest first; `dataset_id` finds none."""
        if dataset_id is not None:
            return []
        with translated():
            found = workspace.native.models.search(
                name,
                tags=filter_pairs(tags),
                properties=filter_pairs(properties),
                framework=_native_framework(model_framework),
                run=run_id,
                newest=latest,
            )
        ordered = sorted(found, key=lambda one: one.created, reverse=True)
        return [Model.of(workspace, one) for one in ordered]

    @staticmethod
    def deploy(
        workspace: Workspace,
        name: str,
        models: "Sequence[Model]",
        inference_config: "InferenceConfig | None" = None,
        deployment_config: Any = None,
        deployment_target: Any = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> Any:
        """Put models behind a service: with scoring code, or without any for one ONNX model.

        Raises:
            WebserviceException: the name is taken and `overwrite` is not set, or what is given cannot be deployed.
        """
        from azureml.core import _deploying

        order = _deploying.order(workspace, name, deployment_config, deployment_target, overwrite, show_output)  # fmt: skip
        references = [one.url for one in models]
        if inference_config is None:
            return _deploying.deploy_model(order, references)
        return _deploying.deploy_code(order, inference_config.scoring_files(), references)

    def download(
        self, target_dir: str = ".", exist_ok: bool = False, exists_ok: bool | None = None
    ) -> str:
        """Copy the file or the folder into `target_dir` and return its path there."""
        overwrite = exist_ok if exists_ok is None else exists_ok
        with translated():
            self.workspace.native.models.download(
                self.native.reference, target_dir, overwrite=overwrite
            )
        return str(Path(target_dir) / (self.native.entry or ""))

    def delete(self) -> None:
        """Delete this version; refused while a service uses it."""
        with translated():
            self.workspace.native.models.delete(self.native.reference)

    def update(
        self,
        tags: Tags = None,
        description: str | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: Any = None,
    ) -> None:
        """Replace the tags and the description, those of them that are given."""
        _tell_unmet(None, sample_input_dataset, sample_output_dataset, resource_configuration)
        self._label(tags=optional_pairs(tags), description=description)

    def update_tags_properties(
        self,
        add_tags: Tags = None,
        remove_tags: Iterable[str] | None = None,
        add_properties: Tags = None,
    ) -> None:
        """Add tags and properties, remove tags."""
        kept = {key: value for key, value in self.tags.items() if key not in (remove_tags or ())}
        self._label(tags={**kept, **tag_pairs(add_tags)}, properties=tag_pairs(add_properties))

    def add_tags(self, tags: Tags) -> None:
        """Add tags."""
        self._label(tags={**self.tags, **tag_pairs(tags)})

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Remove tags by their keys."""
        self.update_tags_properties(remove_tags=tags)

    def add_properties(self, properties: Tags) -> None:
        """Add properties; one that is there already keeps its value for ever."""
        self._label(properties=tag_pairs(properties))

    def _label(self, **labels: Any) -> None:
        with translated():
            self.native = self.workspace.native.models.label(self.native.reference, **labels)

    def serialize(self) -> dict[str, Any]:
        """The model for programs."""
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "description": self.description,
            "tags": self.tags,
            "properties": self.properties,
            "url": self.url,
            "createdTime": self.created_time.isoformat(),
        }

    @staticmethod
    def deserialize(workspace: Workspace, payload: dict[str, Any]) -> "Model":
        """The model that a serialised one means."""
        return Model(workspace, id=payload["id"])

    @staticmethod
    def print_configuration(
        models: Any,
        inference_config: "InferenceConfig",
        deployment_config: Any = None,
        deployment_target: Any = None,
    ) -> None:
        """Print what would be deployed."""
        say(json.dumps({"models": [one.id for one in models], "script": inference_config.entry_script}, indent=4))  # fmt: skip

    package = absent("Model.package", "Deploy, then write the bundle to an archive: onnxport bundle export SERVICE")  # fmt: skip
    profile = absent("Model.profile", "Deploy, then read /metrics of the service.")
    add_dataset_references = absent("Model.add_dataset_references", _NO_DATA)
    get_sas_urls = absent("Model.get_sas_urls", "Use Model.download or Model.get_model_path.")


def _split_id(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition(":")
    if not number.isdecimal():
        raise WebserviceException(
            f"ModelNotFound: {text!r} is not a model's id, which is name:version"
        )
    return name, int(number)


def _native_framework(name: str | None) -> str | None:
    return None if name is None else _FRAMEWORKS.get(name, name.lower())


def _tell_unmet(*given: Any) -> None:
    if any(one is not None for one in given):
        say("Data sets and resource configurations of models are not kept.")


__all__ = ["InferenceConfig", "Model"]
