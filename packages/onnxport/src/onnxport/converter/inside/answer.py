"""The task `answer`: ONNX Runtime runs the converted model on the inputs of all cases.

Here, because neither what made the model nor the runtime is trusted with onnxport's own process: some operators end it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from onnxport.converter.inside.arrays import read_arrays, write_arrays


def do(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`unusable`, why the model cannot be loaded, or `cases`, for each why it could not be run; else its outputs are in a file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Each thread takes address space, which is limited here, and by itself the runtime starts one for every core.
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    try:
        session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors share no base class but this
        return {"unusable": _first_line(error)}
    (folder / "loaded").touch()
    return {"cases": [_answer(session, job, folder, number) for number in range(len(job["cases"]))]}


def _answer(session: Any, job: dict[str, Any], folder: Path, number: int) -> str | None:
    inputs = read_arrays(folder / f"case-{number}-inputs.npz", job["cases"][number])
    try:
        given = session.run(job["outputs"], inputs)
    except Exception as error:  # as above
        return _first_line(error)
    write_arrays(folder / f"case-{number}-outputs.npz", given)
    return None


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
