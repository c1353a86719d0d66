"""Running a converted model on ONNX Runtime against what the framework gave, and drawing the conclusion."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxport.converter.interface import Case, Output
from onnxport.converter.isolation.confinement import Confinement
from onnxport.converter.isolation.left_behind import Answer
from onnxport.converter.proof.answers import CannotLoad, answers_of
from onnxport.converter.proof.compare import Array, Pair, Verdict, compare
from onnxport.converter.proof.example import example_of
from onnxport.converter.proof.normalise import BATCH, with_shapes
from onnxport.converter.proof.ties import score_names
from onnxport.domain.conversion import Conversion, InputSet, Proof

_SHOWS_NOTHING = "does not change enough over the rows tried to prove anything"
NOTHING_TO_COMPARE = "no runtime of the framework gave anything to compare with"


@dataclass(frozen=True, slots=True)
class Proven:
    """The model, with the shapes of its outputs as they were when run, and the proof that is bound to its bytes; remarks.

    `differs` says that it does not run, or gives something else; where it merely shows nothing, another way of converting shows as little.
    """

    onnx: bytes
    proof: Proof
    remarks: tuple[str, ...]
    differs: bool


def prove(
    model: bytes,
    outputs: Sequence[Output],
    cases: Sequence[Case],
    conversion: Conversion,
    confinement: Confinement,
    gap: str = "",
) -> Proven:
    """Run all cases on ONNX Runtime; compare; conclude. For a bad model, or one with a `gap` (`Exported`), the proof says why.

    Raises an error of `isolation` where the process that runs them cannot be held, or reaches a limit.
    """
    names = [output.name for output in outputs]
    # What must hold comes first: after a case that ends the process there are no more.
    cases = sorted(cases, key=lambda case: case.optional)
    remarks: tuple[str, ...] = ()
    verdicts: list[Verdict] = []
    try:
        answers = answers_of(model, names, cases, confinement, Path(conversion.source_name))
        given = list(zip(cases, answers, strict=False))
        needed = [case for case in cases if not case.optional]
        ran = [(case, _arrays(case, answer)) for case, answer in given if not case.optional]
        if ran:
            model = with_shapes(model, _seen_shapes(names, ran), batch=_shows_batch(needed))
        compared = [(case, answer) for case, answer in ran if case.expected]
        pairs = [_pair(names, *entry) for entry in compared]
        verdicts = compare(outputs, pairs) if pairs else []
        reason = _objection(verdicts, outputs)
        remarks = (*_optional_remarks(names, given), *_one_sided(verdicts))
    except CannotLoad as error:
        reason = f"ONNX Runtime cannot load it: {error}"
    except _NotRunnable as error:
        reason = str(error)
    except ValueError as error:
        reason = f"the outputs cannot be compared: {error}"
    differs = reason is not None and not reason.endswith((NOTHING_TO_COMPARE, _SHOWS_NOTHING))
    reason = reason or gap or None
    return Proven(
        model,
        Proof(
            onnx_sha256=hashlib.sha256(model).hexdigest(),
            proven=reason is None,
            reason=reason,
            conversion=conversion,
            outputs=tuple(verdict.comparison for verdict in verdicts),
            inputs=tuple(InputSet(case.origin, _rows(case)) for case in cases if case.expected),
            example=example_of(cases),
        ),
        remarks,
        differs,
    )


class _NotRunnable(Exception):
    """ONNX Runtime refused a run."""


def _arrays(case: Case, answer: Answer) -> Mapping[str, Array]:
    if isinstance(answer, str):
        raise _NotRunnable(f"ONNX Runtime cannot run it on {_rows(case)} rows: {answer}")
    return answer


def _shows_batch(cases: Sequence[Case]) -> bool:
    """Whether batches of different sizes were run: then the first dimension is free."""
    return all(case.batched for case in cases) and len({_rows(case) for case in cases}) > 1


def _seen_shapes(
    names: Sequence[str], ran: Sequence[tuple[Case, Mapping[str, Array]]]
) -> list[tuple[int | str | None, ...]]:
    """The first axis is the batch where it follows the number of rows; other axes keep their size where it is always the same."""
    batch = _shows_batch([case for case, _ in ran])
    shapes: list[tuple[int | str | None, ...]] = []
    for name in names:
        seen = [answer[name].shape for _, answer in ran]
        axes: list[int | str | None] = []
        for axis, size in enumerate(seen[0]):
            sizes = {shape[axis] if len(shape) > axis else None for shape in seen}
            axes.append(size if sizes == {size} else BATCH if batch and axis == 0 else None)
        shapes.append(tuple(axes))
    return shapes


def _pair(names: Sequence[str], case: Case, answer: Mapping[str, Array]) -> Pair:
    import numpy as np

    expected = {name: np.asarray(case.expected[name]) for name in names if name in case.expected}
    if case.batched:
        return Pair(expected, answer)
    return Pair(
        {name: array[np.newaxis] for name, array in expected.items()},
        {name: np.asarray(array)[np.newaxis] for name, array in answer.items()},
    )


def _optional_remarks(names: Sequence[str], given: Sequence[tuple[Case, Answer]]) -> Iterator[str]:
    """What the framework can do and the ONNX model cannot, among what nobody has to be able to do."""
    for case, answer in given:
        if not case.optional:
            continue
        if isinstance(answer, str):
            yield f"the framework takes {_rows(case)} rows; ONNX Runtime does not: {answer}"
            continue
        different = [n for n in names if answer[n].shape[0] != len(case.expected[n])]
        if different:
            yield f"with {_rows(case)} rows the output '{different[0]}' has {answer[different[0]].shape[0]}"


def _objection(verdicts: Sequence[Verdict], outputs: Sequence[Output]) -> str | None:
    """Why the conversion is not proven: the worst case first, then what proves nothing; `None` when it is.

    A label may be the same on all rows (a model of rare events hardly ever says another) where the scores that it follows vary.
    """
    if not verdicts:
        return NOTHING_TO_COMPARE
    for verdict in verdicts:
        found = verdict.comparison
        if verdict.within:
            continue
        if found.label_flips:
            clear = found.label_flips - verdict.ties
            where = found.worst[0] if found.worst else 0
            return f"output '{found.name}' has another label on {clear} of {found.rows} rows (first seen at row {where})"
        place = list(found.worst or ())
        values = found.worst_values
        gave = f" ({values[1]:.7g} instead of {values[0]:.7g})" if values else ""
        return (
            f"output '{found.name}' is off by {found.max_absolute_error:.3g} at {place}{gave}, where {found.tolerance_absolute:.3g} "
            f"+ {found.tolerance_relative:.3g} of the value is allowed"
        )
    varying = {v.comparison.name for v in verdicts if v.comparison.varies}
    followed = {output.name: set(score_names(output)) for output in outputs}
    for verdict in verdicts:
        name = verdict.comparison.name
        if name not in varying and not followed[name] & varying:
            return f"output '{name}' {_SHOWS_NOTHING}"
    return None


def _one_sided(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """What is proven by its scores alone."""
    for verdict in verdicts:
        if verdict.within and not verdict.comparison.varies:
            found = verdict.comparison
            yield (
                f"output '{found.name}' is the same on all {found.rows} rows that were tried; "
                "a --sample with rows of every kind shows more"
            )


def _rows(case: Case) -> int:
    return len(next(iter(case.inputs.values()))) if case.batched and case.inputs else 1
