"""Where a converted model and its proof go, and whether they may."""

import json
import os
from pathlib import Path

from onnxport.converter.proof.prove import Proven
from onnxport.service.conversion.errors import OutputExists
from onnxport.service.conversion.source_digest import sha256_of
from onnxport.service.replace_file import replace_file

PROOF_SUFFIX = ".proof.json"


def default_output(source: Path) -> Path:
    """Beside the source, with its name and `.onnx`."""
    named = source.absolute()
    stem = named.name if named.is_dir() else named.stem
    return source.parent / f"{stem}.onnx" if source.name else named.parent / f"{stem}.onnx"


def check_output(source: Path | None, output: Path, *, overwrite: bool) -> None:
    """Raise `OutputExists` where something is in the way that nobody said may go."""
    if not os.path.lexists(output):
        return
    if not output.is_file():
        raise OutputExists(output, "it is there, and it is no file")
    if source is not None and output.samefile(source):
        raise OutputExists(output, "it is the model itself")
    if not overwrite and not _is_our_own(output):
        raise OutputExists(output)


def write(output: Path, proven: Proven) -> Path:
    """Write the model, then the proof: a model without a proof is found when this is interrupted, never a proof of something else."""
    proof_file = _proof_file(output)
    try:
        os.makedirs(output.parent, exist_ok=True)  # noqa: PTH103
        proof_file.unlink(missing_ok=True)
        replace_file(output, proven.onnx)
        replace_file(proof_file, (json.dumps(proven.proof.to_json(), indent=2) + "\n").encode())
    except OSError as error:
        raise OutputExists(output, error.strerror or str(error)) from error
    return proof_file


def _is_our_own(output: Path) -> bool:
    """Whether the file is the untouched result of a conversion: replacing that loses nothing that cannot be made again."""
    try:
        proof = json.loads(_proof_file(output).read_bytes())
        bound_to: str = proof["onnx_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bound_to == sha256_of(output)


def _proof_file(output: Path) -> Path:
    return output.with_name(output.name + PROOF_SUFFIX)
