"""What ONNX Runtime gives for the inputs of the proof, in a process of its own: some operators end the one they run in."""

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from onnxport.converter.inside.arrays import write_arrays
from onnxport.converter.interface import Case
from onnxport.converter.isolation.confinement import Confinement
from onnxport.converter.isolation.errors import ChildLimitReached
from onnxport.converter.isolation.folder import job_folder
from onnxport.converter.isolation.left_behind import Answer, LeftBehind
from onnxport.converter.isolation.program import Ran, run_program


class CannotLoad(Exception):
    """ONNX Runtime refused the model, or ended when it loaded it; the message says how."""


def answers_of(
    model: bytes,
    outputs: Sequence[str],
    cases: Sequence[Case],
    confinement: Confinement,
    source: Path,
) -> list[Answer]:
    """The outputs for each case, or why there are none; for nothing after a case at which the process ended. Raises `CannotLoad`.

    `source` is the file that was converted, for messages.
    """
    with job_folder() as folder:
        (folder / "model.onnx").write_bytes(model)
        for number, case in enumerate(cases):
            write_arrays(folder / f"case-{number}-inputs.npz", list(case.inputs.values()))
        document = {
            "outputs": list(outputs),
            "cases": [list(case.inputs) for case in cases],
            "path": _packages(),
            "readable": _packages(),
        }
        python = Path(sys.executable)
        ran = run_program("answer", python, document, confinement, folder, source)
        left = LeftBehind(folder, source, confinement.limits)
        result = left.result()
        if result is None:
            return _until_it_ended(left, outputs, len(cases), ran)
        if "error" in result:
            raise ChildLimitReached("needed more memory than it may", "--memory-limit")
        if said := left.unusable(result):
            raise CannotLoad(said)
        return left.answers(result, outputs, len(cases))


def _packages() -> list[str]:
    """Where onnxport's own ONNX Runtime lies: not every Python that runs onnxport looks there when started anew."""
    found = (importlib.util.find_spec(name) for name in ("onnxruntime", "numpy"))
    return sorted({str(Path(spec.origin).parents[1]) for spec in found if spec and spec.origin})


def _until_it_ended(left: LeftBehind, outputs: Sequence[str], cases: int, ran: Ran) -> list[Answer]:
    """What it gave before; for the case that it ended at, how it ended."""
    words = f" and the words: {ran.last_words}" if ran.last_words else ""
    how = f"its process ended with code {ran.exit_code}{words}"
    if not left.has("loaded"):
        raise CannotLoad(how)
    given: list[Answer] = []
    for number in range(cases):
        if not left.has(f"case-{number}-outputs.npz"):
            return [*given, how]
        given.append(left.answer(number, outputs))
    return [*given[:-1], how]
