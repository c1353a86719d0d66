"""Deploying a model of another framework: it is converted and proven first, or what an earlier conversion gave is used again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from onnxport.converter.isolation.source import file_named
from onnxport.domain.model import ModelVersion
from onnxport.domain.names import is_reference
from onnxport.service.conversion.options import ConvertOptions
from onnxport.service.conversion.recognition import check_readable, described, recognise
from onnxport.service.conversion.source_digest import sha256_of
from onnxport.service.model.framework import converter_of, framework_of
from onnxport.service.model.models import Models
from onnxport.service.model.source import model_name_from
from onnxport.service.progress import Progress
from onnxport.service.sample.input_file import is_picture


@dataclass(frozen=True, slots=True)
class Deployable:
    """What there is to deploy in place of what a person named: a path or reference, and what it was converted from.

    `name` is the model's name where files have to be registered.
    """

    model: str | Path
    name: str | None
    converted_from: Path | None = None


@dataclass(frozen=True, slots=True)
class DeployConversion:
    """Converts what has to be, for deployments to one workspace."""

    models: Models

    def plan(self, model: str | Path, options: ConvertOptions) -> str | None:
        """What would be converted, in a line; `None` where MODEL is ONNX or a reference."""
        path = _to_convert(model, options)
        if path is None:
            return None
        check_readable(path)
        converter, recognised = recognise(path, options.framework)
        return f"{described(converter, recognised)}; converted and proven first"

    @contextmanager
    def deployable(
        self,
        model: str | Path,
        name: str | None,
        sample: Path | None,
        options: ConvertOptions,
        progress: Progress,
    ) -> Iterator[Deployable]:
        """MODEL itself where it is ONNX or a reference; else what its conversion gave, which lasts as long as the context.

        Raises the errors of conversion.
        """
        path = _to_convert(model, options)
        if path is None:
            yield Deployable(model, name)
            return
        name = (
            model_name_from(path.absolute().name if path.is_dir() else path.stem)
            if name is None
            else name
        )
        known = self._converted_before(path, name, options)
        if known is not None:
            with progress.step("convert") as step:
                step.detail = f"{known.reference} is of the same file: used again"
            yield Deployable(str(known.reference), name)
            return
        if options.sample is None and sample is not None and not is_picture(sample):
            options = replace(options, sample=sample)
        from onnxport.service.conversion.convert import convert_file

        with tempfile.TemporaryDirectory(prefix="onnxport-deploy-") as folder:
            options = replace(options, output=Path(folder) / f"{name}.onnx")
            result = convert_file(path, options, progress)
            for remark in result.remarks:
                progress.notice(remark)
            yield Deployable(result.output, name, path)

    def _converted_before(
        self, path: Path, name: str, options: ConvertOptions
    ) -> ModelVersion | None:
        """The newest version of the model, if it was converted from the same bytes with nothing said about how."""
        if options != ConvertOptions(trust=options.trust, environments=options.environments):
            return None
        if name not in self.models.names():
            return None
        newest = self.models.get(name)
        proof = newest.lineage.proof
        if proof is None or not proof.proven:
            return None
        return newest if proof.conversion.source_sha256 == sha256_of(path) else None


def _to_convert(model: str | Path, options: ConvertOptions) -> Path | None:
    """The path of a model of another framework; what is no model at all is left to whoever reads it."""
    text = str(model)
    if is_reference(text):
        return None
    path = file_named(Path(text).expanduser())
    if framework_of(path) is None:
        return None
    return path if options.framework is not None or converter_of(path) is not None else None
