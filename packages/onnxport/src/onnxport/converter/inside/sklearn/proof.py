"""A fitted model with what is found out about it: its inputs and outputs, rows that it takes, its ONNX model and its own answers."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from onnxport.converter.inside import tabular
from onnxport.converter.inside.batches import in_batches
from onnxport.converter.inside.sklearn import frames, rows
from onnxport.converter.inside.sklearn.answers import answer, outputs_of, renamed_for
from onnxport.converter.inside.sklearn.cannot import refuse_what_cannot
from onnxport.converter.inside.sklearn.columns import TEXT, Inputs, inputs_of
from onnxport.converter.inside.sklearn.parts import last_step
from onnxport.converter.inside.sklearn.precision import hangs_on_digits, may_find_equally_far
from onnxport.converter.interface import Case, ConversionRefused, Job, Output

Arrays = Mapping[str, Any]
ROUNDED = "rounded inputs"
"""The remedy of last resort: float32, compared on numbers that float32 holds."""
_FEW = 64
_SPREADS = (0, 1, 10, 100, 1000)


class Subject:
    """The model of one job."""

    def __init__(self, estimator: Any, job: Job) -> None:
        self._estimator, self._job = estimator, job
        self._rounded = job.remedy == ROUNDED
        self._double = not self._rounded and (job.remedy == "float64" or hangs_on_digits(estimator))
        self._objection = ""
        refuse_what_cannot(estimator)
        if not any(hasattr(estimator, name) for name in ("predict", "transform")):
            raise ConversionRefused(
                f"the {type(last_step(estimator)).__name__} neither predicts nor transforms rows that it was not fitted on",
                "Convert a model with predict or transform.",
            )

    @cached_property
    def inputs(self) -> Inputs:
        """What the model takes."""
        return inputs_of(self._estimator, self._job.sample)

    @cached_property
    def outputs(self) -> tuple[Output, ...]:
        """What the model gives; renamed where a column has the same name."""
        few = frames.for_model(self.inputs, self._few)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = outputs_of(self._estimator, few)
        return renamed_for(self.inputs.columns, found, is_matrix=self.inputs.is_matrix)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the ONNX model's inputs, in its order."""
        if self.inputs.is_matrix:
            return ()
        return tuple(column.name for column in self.inputs.columns)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user must know of the inputs."""
        made = []
        gaps = [c.name for c in self.inputs.columns if c.kind == TEXT and c.may_miss]
        if gaps:
            made.append(f"an empty text stands for a missing one in: {', '.join(gaps)}")
        used = {column.name for column in self.inputs.columns}
        unused = [name for name in self.inputs.names if name not in used]
        if unused and not self.inputs.is_matrix:
            made.append(f"columns that the model never uses are no inputs: {', '.join(unused)}")
        if may_find_equally_far(self._estimator):
            made.append(
                "rows of the training can be equally far from an input: scikit-learn takes those that its search comes upon first, "
                "the ONNX model those that come first"
            )
        if self._rounded:
            made.append(
                "numbers are rounded to float32 on their way in, seven digits, and the proof is on such numbers; "
                "this model can give something else for more digits"
            )
        return tuple(made)

    def converted(self) -> bytes:
        """The ONNX model."""
        from onnxport.converter.inside.sklearn.export import convert

        return convert(
            self._estimator,
            self.inputs,
            self.outputs,
            double=self._double,
            opset=self._job.opset,
        )

    def cases(self, outputs: Sequence[Output]) -> Iterator[Case]:
        """The model's own answers for the user's sample and for generated rows, without and with gaps."""

        def run(arrays: Arrays) -> Arrays:
            return self._answers(outputs, arrays)

        if self._job.sample is not None:
            given = frames.from_sample(self.inputs, self._job.sample)
            try:
                yield from self._in_batches("sample", given, run)
            except rows.REFUSALS as error:
                raise ConversionRefused(
                    f"the model does not take the sample: {' '.join(str(error).split())[:300]}",
                    "Give rows as the model was trained on.",
                ) from error
        made = self._rows
        if not _count(made):
            return
        if outputs[0].role == "label":
            label = run(made)[outputs[0].name]
            made = rows.chosen(made, tabular.varied_places(label))
        else:
            made = rows.chosen(made, range(min(tabular.ROWS, _count(made))))
        yield from self._in_batches("generated", made, run)
        gaps = rows.with_gaps(self.inputs, made)
        if gaps is not None and (taken := rows.taken(gaps, run, _FEW)) and _count(taken):
            yield from self._in_batches("generated", taken, run)

    def _in_batches(
        self, origin: str, arrays: Arrays, run: Callable[[Arrays], Arrays]
    ) -> Iterator[Case]:
        """The model gets the numbers as they are, the ONNX model in the type that it takes: it is the one that is asked later."""
        if self._rounded:
            arrays = frames.as_fed(self.inputs, arrays, double=False)
        for case in in_batches(origin, arrays, run):
            fed = frames.as_fed(self.inputs, case.inputs, double=self._double)
            yield replace(case, inputs=fed)

    @cached_property
    def _few(self) -> Arrays:
        """A few rows that the model takes."""
        if self._job.sample is not None:
            made: Arrays = frames.from_sample(self.inputs, self._job.sample)
        else:
            made = self._rows
        if not _count(made):
            raise ConversionRefused(
                f"the {type(self._estimator).__name__} takes none of the rows that were made up for it: {self._objection}",
                "Give real rows with --sample.",
            )
        return rows.chosen(dict(made), range(min(2, _count(made))))

    @cached_property
    def _rows(self) -> dict[str, Any]:
        """Candidate rows that the model takes."""
        made = self._varied_candidates()
        for tried in (made, rows.without_signs(made)):
            try:
                self._predicted(tried)
            except rows.REFUSALS:
                continue
            return tried
        best = max(
            (
                rows.taken(t, self._predicted, tabular.ROWS)
                for t in (made, rows.without_signs(made))
            ),
            key=_count,
        )
        if not _count(best):
            self._objection = self._error_of(rows.chosen(made, range(2)))
        return best

    def _error_of(self, arrays: Arrays) -> str:
        try:
            self._predicted(arrays)
        except rows.REFUSALS as error:
            return " ".join(str(error).split())[:200]
        return ""

    def _varied_candidates(self) -> dict[str, Any]:
        """Candidate rows; numbers are spread further as long as they all lead to the same answer."""
        made: dict[str, Any] = {}
        for spread in _SPREADS:
            made = rows.candidates(self._estimator, self.inputs, spread=spread)
            try:
                answer = self._predicted(made)
            except rows.REFUSALS:
                break
            if hasattr(answer, "toarray") or np.any(np.asarray(answer) != np.asarray(answer)[:1]):
                break
        return made

    def _predicted(self, arrays: Arrays) -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            given = frames.for_model(self.inputs, arrays)
            say = "predict" if hasattr(self._estimator, "predict") else "transform"
            return getattr(self._estimator, say)(given)

    def _answers(self, outputs: Sequence[Output], arrays: Arrays) -> Arrays:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # Column names and numerical remarks are of no interest here.
            warnings.simplefilter("ignore")
            given = frames.for_model(self.inputs, arrays)
            return {o.name: answer(self._estimator, o, given) for o in outputs}


def _count(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))
