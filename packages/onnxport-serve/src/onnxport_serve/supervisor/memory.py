"""Whether a new set of revisions fits into memory, before it is tried: into what each may use, and beside the running one."""

from pathlib import Path

from onnxport_serve.documents import BundleManifest, EndpointSpec, Revision, read_manifest
from onnxport_serve.machine import Machine
from onnxport_serve.supervisor.problem import Problem

_MEBIBYTE = 1024 * 1024
_FRONT_BYTES = 60 * _MEBIBYTE
_LOAD_FACTOR = 1.5
"""While it loads, ONNX Runtime holds the file's graph and the weights it makes of it; then about the weights remain."""


def too_little_allowed(spec: EndpointSpec, directory: Path) -> Problem | None:
    """The problem when a revision may use less memory (`resources.memory_mb`) than one process with it needs, by the same estimate.

    Raises:
        DocumentError: a bundle's manifest cannot be read.
    """
    for revision in spec.revisions:
        allowed = revision.resources.memory_mb
        if allowed is None:
            continue
        manifest = read_manifest(revision.bundle_directory(directory))
        if manifest.kind == "script":
            continue  # what a script makes of its files only its workers show, and they are held to the limit
        models = _model_bytes(manifest)
        needed = _needed(models)
        if needed > allowed * _MEBIBYTE:
            least = -(-needed // _MEBIBYTE)
            return Problem(
                "memory_limit_too_small",
                f"revision {revision.number} may use {allowed} MiB of memory; a process with its {_mebibytes(models)} of "
                f"model files needs about {least} MiB",
                f"Deploy it with --memory {least} or more.",
            )
    return None


def lack_of_memory(spec: EndpointSpec, directory: Path, machine: Machine) -> Problem | None:
    """The problem when loading would take more memory than is free, by an estimate from the size of the model files.

    Raises:
        DocumentError: a bundle's manifest cannot be read.
    """
    if machine.memory_available is None:
        return None
    models = sum(_loaded_bytes(revision, directory) for revision in spec.revisions)
    needed = _needed(models) * spec.listen.fronts
    if needed <= machine.memory_available:
        return None
    free = machine.memory_available
    return Problem(
        "not_enough_memory",
        f"loading {_mebibytes(models)} of model files into {spec.listen.fronts} process(es) beside the running ones "
        f"needs about {_mebibytes(needed)}, and {_mebibytes(free)} are free",
        "Give the endpoint more memory, take revisions away, or stop it before this change.",
    )


def _needed(model_bytes: int) -> int:
    """What one process needs, in bytes."""
    return int(_FRONT_BYTES + _LOAD_FACTOR * model_bytes)


def _loaded_bytes(revision: Revision, directory: Path) -> int:
    """Model files, as often as a front loads them: every worker of a script has its own."""
    manifest = read_manifest(revision.bundle_directory(directory))
    copies = (revision.settings.workers or 1) if manifest.kind == "script" else 1
    return _model_bytes(manifest) * copies


def _model_bytes(manifest: BundleManifest) -> int:
    return sum(file.size for file in manifest.files if file.path.startswith("models/"))


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.0f} MiB"
