"""PyTorch: exported programs, TorchScript, weights with the user's class, and pickled modules, through PyTorch's own exporters."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    ConversionRefused,
    Converter,
    Exported,
    FileKind,
    Finding,
    Job,
    Live,
    PinnedEnvironment,
    Recognised,
)

_SAMPLE = "--sample"
_CODE = "--code FILE.py:CLASS and --sample"
_PROGRAM = FileKind("exported program", (".pt2",), runs_code=False)
_SCRIPT = FileKind("TorchScript", (".pt", ".pth", ".ts", ".ptl"), runs_code=True, needs=_SAMPLE)
_WEIGHTS = FileKind("weights", (".pt", ".pth", ".bin", ".ckpt"), runs_code=False, needs=_CODE)
_SAFETENSORS = FileKind("safetensors", (".safetensors",), runs_code=False, needs=_CODE)
_MODULE = FileKind("pickled module", (".pt", ".pth", ".pkl"), runs_code=True, needs=_SAMPLE)
_FIRST_TO_SAVE = (2, 5)
_LEGACY, _FLOAT32, _OPSET_18 = "the legacy exporter", "float32", "operator set 18"
_FIXED_LENGTHS, _FIXED_BATCH = "fixed lengths", "a fixed batch"
_DICTIONARIES = {"builtins.dict", "collections.OrderedDict", "collections.defaultdict"}
# What tensors and modules are made of in a pickle.
_EXPECTED = (
    "torch.jit._pickle.",
    "torch._utils.",
    "torch.storage.",
    "torch._tensor.",
    "torch.nn.",
    "torch.serialization.",
)
_EXPECTED_NAMES = {
    "collections.OrderedDict",
    "collections.defaultdict",
    "builtins.set",
    "torch.Size",
}
_EXPECTED_NAMES |= {
    "torch.device",
    "torch.dtype",
    "torch.Tensor",
    "_codecs.encode",
    "__builtin__.set",
}


class TorchConverter(Converter):
    """What `torch.export.save`, `torch.jit.save` and `torch.save` write, and safetensors."""

    name = "torch"
    title = "PyTorch"
    kinds = (_PROGRAM, _SCRIPT, _WEIGHTS, _SAFETENSORS, _MODULE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "torch.txt", ("3.11",), 240, 1000, torch_backend="cpu"
    )
    remedies = (_FIXED_LENGTHS, _LEGACY, _FLOAT32, _OPSET_18, _FIXED_BATCH)

    def recognise(self, path: Path) -> Recognised | None:
        """By the members of the zip, the pickle in it, or the header of safetensors."""
        if path.is_dir():
            return None
        from onnxport.converter.inside.torch import archive

        found = archive.look_into(path)
        if found is None:
            if archive.is_safetensors(path):
                return Recognised(_SAFETENSORS)
            return _recognise_pickle(path)
        if found.kind in ("program", "compiled"):
            return Recognised(_PROGRAM)
        from onnxport.converter.isolation.pickle_scan import scan_pickle_stream

        stream = found.open_pickle()
        if stream is None:
            return Recognised(_MODULE, Finding((), (), complete=False))
        with stream:
            scan = scan_pickle_stream(stream)
        if found.kind == "script":
            return Recognised(_SCRIPT, _finding(scan))
        return _by_content(scan)

    def require(self, job: Job, recognised: Recognised) -> None:
        """Shapes for all kinds but programs, and the class for weights."""
        name = job.source.name
        if job.kind == _PROGRAM.name:
            _refuse_compiled(job.source)
            return
        if job.kind in (_WEIGHTS.name, _SAFETENSORS.name) and job.code is None:
            raise ConversionRefused(
                f"{name} holds weights only: the model's code is not in it",
                "Name the model's class with --code FILE.py:CLASS (its arguments with --code-args) and give an input with --sample; "
                "or save the model with torch.export.save, which needs neither.",
            )
        in_script = recognised.finding and [
            known for known in recognised.finding.imports if known.startswith("__main__.")
        ]
        if job.kind == _MODULE.name and job.code is None and in_script:
            raise ConversionRefused(
                f"{name} holds an object of the class '{in_script[0]}', which was defined in a script or notebook and is not in the file",
                "Give the file that defines it with --code FILE.py:CLASS.",
            )
        if job.sample is None:
            raise ConversionRefused(
                f"{name} does not say what inputs the model takes: a file of the kind '{job.kind}' keeps no shapes",
                "Give a few real inputs with --sample: .npz with one array per parameter of forward, or .npy for a single one, in a batch; "
                "or save the model with torch.export.save, which keeps them.",
            )

    def remedies_for(self, job: Job) -> tuple[str, ...]:
        """Programs keep the sizes that they were exported with; TorchScript goes through the legacy exporter anyway."""
        without = {
            _PROGRAM.name: {_FIXED_LENGTHS, _FIXED_BATCH},
            _SCRIPT.name: {_FIXED_LENGTHS, _LEGACY},
        }.get(job.kind, set())
        if job.opset is not None:
            without |= {_OPSET_18}
        return tuple(remedy for remedy in self.remedies if remedy not in without)

    def open(self, job: Job) -> Any:
        """The model with its inputs, as `inside.torch.exporting.Opened`."""
        from onnxport.converter.inside.torch import exporting, opening

        ways = {
            _PROGRAM.name: opening.open_program,
            _SCRIPT.name: opening.open_script,
            _WEIGHTS.name: opening.open_weights,
            _SAFETENSORS.name: opening.open_safetensors,
            _MODULE.name: opening.open_pickled,
        }
        return exporting.Opened(ways[job.kind](job).refuse_random())

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX from the exporter of programs; from the legacy one for TorchScript, or as a remedy."""
        from onnxport.converter.inside.torch import exporting

        ways = {
            "": exporting.as_usual,
            _FIXED_LENGTHS: exporting.with_fixed_lengths,
            _LEGACY: exporting.by_legacy_exporter,
            _FLOAT32: exporting.in_float32,
            _OPSET_18: exporting.by_older_operators,
            _FIXED_BATCH: exporting.with_fixed_batch,
        }
        return ways[job.remedy](model, job)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """The module's own answers."""
        from onnxport.converter.inside.torch import exporting

        return exporting.reference(model, exported, job)

    def takes(self, model: object) -> bool:
        """Modules and exported programs."""
        names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(model).__mro__}
        return not names.isdisjoint(
            {"torch.nn.modules.module.Module", "torch.export.exported_program.ExportedProgram"}
        )

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """As an exported program; as TorchScript where the module cannot be recorded so."""
        import torch

        version = torch.__version__
        if tuple(int(part) for part in version.split("+")[0].split(".")[:2]) < _FIRST_TO_SAVE:
            raise ConversionRefused(
                f"PyTorch {version} does not record modules as programs with free sizes",
                "Update to PyTorch 2.5, or save the weights with torch.save(model.state_dict(), FILE) and convert them with --code.",
            )
        from onnxport.converter.inside.torch import live

        saved = live.save(model, example, folder)
        return Live(
            saved.source,
            _PROGRAM if saved.is_program else _SCRIPT,
            sample=saved.sample,
            cases=saved.cases,
            remarks=saved.remarks,
        )


CONVERTER = TorchConverter()


def _recognise_pickle(path: Path) -> Recognised | None:
    """Files of `torch.save` from before PyTorch 1.6, and modules that were pickled without it."""
    from onnxport.converter.inside.torch import archive
    from onnxport.converter.isolation.pickle_scan import scan_pickle, scan_pickle_stream

    with path.open("rb") as file:
        if file.read(len(archive.LEGACY_MAGIC)) == archive.LEGACY_MAGIC:
            file.seek(0)
            for _ in range(archive.LEGACY_PICKLES):
                scan_pickle_stream(file)
            return _by_content(scan_pickle_stream(file))
    scan = scan_pickle(path)
    if scan is None or scan.is_joblib:
        return None
    root = scan.root or next(iter(scan.imports), "")
    holds_modules = any(name.startswith("torch.nn.modules.") for name in scan.imports)
    tensors = root in _DICTIONARIES and "torch._utils._rebuild_tensor_v2" in scan.imports
    if root.startswith("torch.nn.") or tensors or (holds_modules and _is_unknown(root)):
        return Recognised(_MODULE, _finding(scan))
    return None


def _is_unknown(root: str) -> bool:
    """Whether the class is the user's own, so that a module inside makes it one of PyTorch's."""
    return root.partition(".")[0] not in {"sklearn", "skorch", "builtins", "collections", "numpy"}


def _by_content(scan: Any) -> Recognised:
    """Weights where the object is a dictionary without modules in it (they are read without running code), else a pickled module."""
    holds_modules = any(name.startswith("torch.nn.modules.") for name in scan.imports)
    if scan.complete and scan.root in _DICTIONARIES and not holds_modules:
        return Recognised(_WEIGHTS)
    return Recognised(_MODULE, _finding(scan))


def _finding(scan: Any) -> Finding:
    unexpected = tuple(name for name in scan.imports if not _is_expected(name))
    return Finding(scan.imports, unexpected, scan.complete)


def _is_expected(name: str) -> bool:
    is_storage = name.startswith("torch.") and name.endswith("Storage")
    return name.startswith((*_EXPECTED, "__torch__.")) or name in _EXPECTED_NAMES or is_storage


def _refuse_compiled(path: Path) -> None:
    from onnxport.converter.inside.torch import archive

    found = archive.look_into(path)
    if found is not None and found.kind == "compiled":
        raise ConversionRefused(
            f"{path.name} was compiled by AOTInductor for one machine: its operators are machine code",
            "Save the exported program with torch.export.save(program, FILE), and convert that.",
        )
