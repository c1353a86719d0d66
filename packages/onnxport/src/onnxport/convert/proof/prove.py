"""Running a converted model on ONNX Runtime against what the framework gave, and drawing the conclusion."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onnxport.convert.interface import Case, Output
from onnxport.convert.proof.compare import Array, Verdict, compare
from onnxport.convert.proof.normalise import BATCH, with_output_shapes
from onnxport.domain.conversion import Conversion, InputSet, Proof


@dataclass(frozen=True, slots=True)
class Proven:
    """The model, with the shapes of its outputs as they were when run, and the proof that is bound to its bytes."""

    onnx: bytes
    proof: Proof


def prove(
    model: bytes, outputs: Sequence[Output], cases: Sequence[Case], conversion: Conversion
) -> Proven:
    """Run all cases whole, and their first rows in batches of 1 and 2; compare; conclude. For a bad model the proof says why."""
    names = [output.name for output in outputs]
    try:
        session = _session(model)
        answers = [_run(session, names, case.inputs) for case in cases]
        pieces = _small_batches(session, names, cases)
        model = with_output_shapes(model, _seen_shapes(names, answers[0], pieces))
        expected = _joined(names, [case.expected for case in cases] + [p.expected for p in pieces])
        actual = _joined(names, answers + [piece.actual for piece in pieces])
        verdicts = compare(outputs, expected, actual)
        reason = _objection(verdicts)
    except _NotRunnable as error:
        verdicts, reason = [], str(error)
    except ValueError as error:
        verdicts, reason = [], f"the outputs cannot be compared: {error}"
    return Proven(
        model,
        Proof(
            onnx_sha256=hashlib.sha256(model).hexdigest(),
            proven=reason is None,
            reason=reason,
            conversion=conversion,
            outputs=tuple(verdict.comparison for verdict in verdicts),
            inputs=tuple(InputSet(case.origin, _rows(case.inputs)) for case in cases),
        ),
    )


class _NotRunnable(Exception):
    """ONNX Runtime refused the model or a run."""


@dataclass(frozen=True, slots=True)
class _Piece:
    size: int
    expected: Mapping[str, Array]
    actual: Mapping[str, Array]


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base class but this
        raise _NotRunnable(f"ONNX Runtime cannot load it: {_first_line(error)}") from error


def _run(session: Any, names: Sequence[str], inputs: Mapping[str, Array]) -> dict[str, Array]:
    try:
        return dict(zip(names, session.run(list(names), dict(inputs)), strict=True))
    except Exception as error:  # as above
        rows = _rows(inputs)
        raise _NotRunnable(
            f"ONNX Runtime cannot run it on {rows} rows: {_first_line(error)}"
        ) from error


def _small_batches(session: Any, names: Sequence[str], cases: Sequence[Case]) -> list[_Piece]:
    """The first row alone, then the next two, of every case: the batch dimension is dynamic if these run."""
    pieces = []
    for case in cases:
        for start, size in ((0, 1), (1, 2)):
            if _rows(case.inputs) < start + size:
                continue
            part = slice(start, start + size)
            inputs = {name: array[part] for name, array in case.inputs.items()}
            expected = {name: case.expected[name][part] for name in names}
            pieces.append(_Piece(size, expected, _run(session, names, inputs)))
    return pieces


def _seen_shapes(
    names: Sequence[str], whole: Mapping[str, Array], pieces: Sequence[_Piece]
) -> list[tuple[int | str | None, ...]]:
    """The first axis is the batch where it follows the number of rows; other axes keep their size where it is always the same."""
    shapes: list[tuple[int | str | None, ...]] = []
    for name in names:
        seen = [piece.actual[name].shape for piece in pieces] + [whole[name].shape]
        first = seen[-1]
        axes: list[int | str | None] = []
        for axis, size in enumerate(first):
            sizes = {shape[axis] if len(shape) > axis else None for shape in seen}
            axes.append(size if sizes == {size} and axis else BATCH if axis == 0 else None)
        shapes.append(tuple(axes))
    return shapes


def _joined(names: Sequence[str], parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    import numpy as np

    joined = {}
    for name in names:
        shapes = {part[name].shape[1:] for part in parts}
        if len(shapes) > 1:
            raise ValueError(f"the shape of '{name}' changes with the number of rows")
        joined[name] = np.concatenate([part[name] for part in parts])
    return joined


def _objection(verdicts: Sequence[Verdict]) -> str | None:
    """Why the conversion is not proven: the worst case first, then what proves nothing; `None` when it is."""
    for verdict in verdicts:
        found = verdict.comparison
        if verdict.within:
            continue
        if found.label_flips:
            clear = found.label_flips - verdict.ties
            where = found.worst[0] if found.worst else 0
            return f"output '{found.name}' has another label on {clear} of {found.rows} rows (first seen at row {where})"
        place = list(found.worst or ())
        return (
            f"output '{found.name}' is off by {found.max_absolute_error:.3g} at {place}, where {found.tolerance_absolute:.3g} "
            f"+ {found.tolerance_relative:.3g} of the value is allowed"
        )
    for verdict in verdicts:
        if not verdict.comparison.varies:
            return f"output '{verdict.comparison.name}' does not change enough over the rows tried to prove anything"
    return None


def _rows(inputs: Mapping[str, Array]) -> int:
    return len(next(iter(inputs.values())))


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
