"""A real ONNX model behind the real app on a real socket, without the processes around it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import orjson
from fake.http_endpoint import Endpoint, Settings
from onnxport_serve.documents import BundleManifest, BundleModel, BundleSample, Revision
from onnxport_serve.machine import read_machine
from onnxport_serve.model.revision import LoadedRevision, load_revision
from onnxport_serve.signature import NamedValue, Signature, TensorType

DTYPE = {1: "float32", 7: "int64", 8: "string", 9: "bool", 11: "float64"}


class ServedModel(Endpoint):
    """An endpoint called `iris` whose one revision runs a model.

    Args:
        settings: keys, limits and so on.
        model: a model whose inputs and outputs are tensors.
        directory: an empty directory for its bundle.
        sample: the JSON value of the golden request, if it is given.
    """

    def __init__(self, settings: Settings, model: onnx.ModelProto, directory: Path, sample: Any):
        (directory / "models").mkdir()
        onnx.save(model, directory / "models" / "m.onnx")
        self.directory = directory
        self.signature = signature_of(model)
        self.sample = None
        if sample is not None:
            (directory / "sample.json").write_bytes(orjson.dumps(sample))
            self.sample = BundleSample("sample.json", "application/json", "user")
        super().__init__(settings)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _revision(self, number: int) -> LoadedRevision:
        model = BundleModel("iris", 3, "models", "m.onnx", "sklearn", "1.9.1", None)
        manifest = BundleManifest(
            "onnx", (model,), self.signature.to_json(), self.sample, None, None, ()
        )
        return load_revision(
            Revision(number, "sha256:" + "0" * 64, "."),
            manifest,
            self.directory,
            endpoint_name="iris",
            limits=self.settings.limits,
            machine=read_machine(),
        )


def signature_of(model: onnx.ModelProto) -> Signature:
    """The signature of a model of tensors."""
    return Signature(
        tuple(_value(value) for value in model.graph.input),
        tuple(_value(value) for value in model.graph.output),
    )


def _value(value: Any) -> NamedValue:
    kind = value.type.tensor_type
    shape = tuple(d.dim_param or d.dim_value for d in kind.shape.dim)
    return NamedValue(value.name, TensorType(DTYPE[kind.elem_type], shape))


@contextlib.contextmanager
def serving(
    model: onnx.ModelProto, directory: Path, *, sample: Any = None, settings: Settings | None = None
) -> Iterator[ServedModel]:
    """Serve a model for the length of a block."""
    served = ServedModel(settings or Settings(), model, directory, sample)
    served.start()
    try:
        yield served
    finally:
        served.stop()
