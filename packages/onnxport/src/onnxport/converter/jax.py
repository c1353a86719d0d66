"""JAX and Flax: weights of flax.linen modules with the module's class, and functions and modules of the process, through jax2onnx."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    ConversionRefused,
    Converter,
    Exported,
    FileKind,
    Job,
    Live,
    PinnedEnvironment,
    Recognised,
)

_MSGPACK = FileKind(
    "flax-msgpack", (".msgpack",), runs_code=False, needs="the module's class, real inputs"
)
_FUNCTION = FileKind("function", (), runs_code=False)
_LOOKED_AT = 1 << 12
_LIVE = {"builtins.function", "builtins.method", "functools.partial"}
_LIVE |= {"flax.linen.module.Module", "flax.nnx.module.Module"}


class JaxConverter(Converter):
    """Flax modules and JAX functions."""

    name = "jax"
    title = "JAX / Flax"
    kinds = (_MSGPACK,)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "jax.txt", ("3.11", "3.12", "3.13"), 300, 1000
    )
    remedies = ("layers", "fixed batch")

    def recognise(self, path: Path) -> Recognised | None:
        """A msgpack tree of names with an array in Flax's form."""
        if path.is_dir():
            return None
        from onnxport.converter.inside.jax.weights import DamagedWeights, held_arrays

        with path.open("rb") as file:
            try:
                found = next(held_arrays(file, path.stat().st_size, _LOOKED_AT), None)
            except DamagedWeights:
                return None
        return None if found is None else Recognised(_MSGPACK)

    def require(self, job: Job, recognised: Recognised) -> None:  # noqa: ARG002
        """The whole file, the module's class, and real inputs: the file holds neither code nor shapes of inputs."""
        arrays = _arrays_of(job.source)
        if job.code is None:
            first = "/".join(arrays[0].path)
            raise ConversionRefused(
                f"{job.source.name} holds weights only ({len(arrays)} arrays, the first is {first}): the module is code",
                "Name the module's class with --code FILE.py:CLASS (its arguments with --code-args), and give inputs with --sample.",
            )
        if job.sample is None:
            raise ConversionRefused(
                f"{job.source.name} does not say which inputs the module takes",
                "Give one batch of real inputs with --sample FILE (.npz, .npy, .csv, .json).",
            )

    def open(self, job: Job) -> Any:
        """The module with its weights as a function, and the sample by the names of the function's arguments."""
        from onnxport.converter.inside.jax.modules import function_of, inputs_of, make_module

        self.require(job, Recognised(_MSGPACK))
        assert job.code is not None
        assert job.sample is not None
        module = make_module(job.code)
        inputs = inputs_of(module, job.sample)
        return function_of(module, job.source, inputs), inputs

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX of the traced function; rows are free unless the remedy fixes them."""
        import flax
        import jax

        from onnxport.converter.inside.jax.plugins import load_needed
        from onnxport.converter.inside.jax.tracing import to_onnx

        load_needed()
        function, inputs = model
        traced = to_onnx(
            function,
            inputs,
            free_batch=_has_free_batch(job, inputs),
            by_layers=job.remedy == "layers",
            opset=job.opset,
        )
        version = f"{jax.__version__}, Flax {flax.__version__}"
        return Exported(traced.onnx, traced.outputs, version)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """JAX's own answers."""
        from onnxport.converter.inside.jax.answers import cases

        function, inputs = model
        names = [output.name for output in exported.outputs]
        yield from cases(function, inputs, names, free_batch=_has_free_batch(job, inputs))

    def takes(self, model: object) -> bool:
        """A Flax module, or, where JAX is loaded, any function: of JAX or of Python."""
        if "jax" not in sys.modules:
            return False
        names = {f"{c.__module__}.{c.__qualname__}" for c in type(model).__mro__}
        return bool(names & _LIVE) or type(model).__name__ == "PjitFunction"

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """Exported here, by jax2onnx of the user's own environment: a function cannot be put into a file."""
        if importlib.util.find_spec("jax2onnx") is None:
            raise ConversionRefused(
                "a JAX function can only be converted in the process that holds it, and this one has no jax2onnx",
                "Run pip install jax2onnx there; or save the weights with flax.serialization.to_bytes and convert the file with --code.",
            )
        from onnxport.converter.inside.jax.live import export_live, versions

        done = export_live(model, example)
        packages = versions()
        exported = Exported(done.traced.onnx, done.traced.outputs, packages["jax"])
        requirements = tuple(f"{name}=={version}" for name, version in packages.items())
        return Live(folder, _FUNCTION, requirements, done.example, done.cases, exported)


CONVERTER = JaxConverter()


def _arrays_of(source: Path) -> list[Any]:
    """All arrays of the file, which is looked through to its end."""
    from onnxport.converter.inside.jax.weights import DamagedWeights, held_arrays

    with source.open("rb") as file:
        try:
            return list(held_arrays(file, source.stat().st_size))
        except DamagedWeights as error:
            raise ConversionRefused(
                f"{source.name} is not a whole file of Flax's weights: {error}",
                "Copy it again, or save it again with flax.serialization.to_bytes.",
            ) from None


def _has_free_batch(job: Job, inputs: Any) -> bool:
    from onnxport.converter.inside.jax.answers import has_rows

    return job.remedy != "fixed batch" and has_rows(inputs)
