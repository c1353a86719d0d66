"""Whatever a child leaves is read or refused in one way."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.isolation.errors import ChildUntrustworthy
from onnxport.converter.isolation.left_behind import LeftBehind
from onnxport.converter.isolation.process import ChildLimits

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = ("outputs", "framework_version", "remarks", "gap", "inputs", "cases", "packages")
WHOLE: dict[str, Any] = {
    "outputs": [
        {
            "name": "y",
            "role": "value",
            "absolute": 1e-5,
            "relative": 1e-4,
            "scores": None,
            "labels": [["a", "b"], [0, 1]],
            "step": 0.5,
        }
    ],
    "framework_version": "1",
    "remarks": ["\x1b[2Jtext"],
    "gap": "",
    "inputs": ["x"],
    "cases": [],
    "packages": {"numpy": "2"},
}


def left(folder: Path, answer: Any) -> LeftBehind:
    (folder / "result.json").write_text(json.dumps(answer))
    (folder / "model.onnx").write_bytes(b"model")
    return LeftBehind(folder, Path("model.pkl"), ChildLimits())


def test_a_whole_answer_is_read_with_words_that_are_printable(tmp_path: Path) -> None:
    reader = left(tmp_path, WHOLE)
    result = reader.result()
    assert result is not None
    exported, cases, packages = reader.converted(result)

    assert (b"model", ("\\x1b[2Jtext",), ("x",)) == (
        exported.onnx,
        exported.remarks,
        exported.inputs,
    )
    assert ((), {"numpy": "2"}) == (cases, packages)
    assert ((("a", "b"), (0, 1)), 0.5) == (exported.outputs[0].labels, exported.outputs[0].step)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("scores", ["a", "b"], ("a", "b")),
        ("labels", [[0, 1], ["x", "y"]], ((0, 1), ("x", "y"))),
        ("absolute", 1, 1),
    ],
)
def test_no_value_of_an_output_is_lost(
    tmp_path: Path, field: str, value: Any, expected: Any
) -> None:
    output = {**WHOLE["outputs"][0], field: value}
    exported, _, _ = left(tmp_path, {}).converted({**WHOLE, "outputs": [output]})

    assert expected == getattr(exported.outputs[0], field)


def test_a_field_that_outputs_do_not_have_is_refused_and_not_dropped(tmp_path: Path) -> None:
    output = {**WHOLE["outputs"][0], "unheard_of": 1}

    with pytest.raises(ChildUntrustworthy):
        left(tmp_path, {}).converted({**WHOLE, "outputs": [output]})


def test_half_an_answer_is_none(tmp_path: Path) -> None:
    (tmp_path / "result.json.part").write_text("{")

    assert LeftBehind(tmp_path, Path("model.pkl"), ChildLimits()).result() is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(field=st.sampled_from([*FIELDS, "error"]), value=ANY)
def test_any_value_of_any_field_is_read_or_refused(tmp_path: Path, field: str, value: Any) -> None:
    reader = left(tmp_path, {**WHOLE, field: value})
    try:
        result = reader.result()
        assert result is not None
        if field == "error":
            reader.error(result)
        else:
            reader.converted(result)
    except ChildUntrustworthy:
        return


def test_answers_to_other_cases_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "case-0-outputs.npz", a0=np.arange(3))
    reader = left(tmp_path, {})

    (answer,) = reader.answers({"cases": [None]}, ["y"], 1)
    assert not isinstance(answer, str)
    assert [0, 1, 2] == answer["y"].tolist()
    assert ["it \\x07 cannot"] == reader.answers({"cases": ["it \x07 cannot"]}, ["y"], 1)
    for cases in ([], [None, None], {"0": None}, "0", None):
        with pytest.raises(ChildUntrustworthy):
            reader.answers({"cases": cases}, ["y"], 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cases=st.lists(ANY, min_size=1, max_size=1), unusable=ANY)
def test_any_answer_of_the_runtime_is_read_or_refused(
    tmp_path: Path, cases: list[Any], unusable: Any
) -> None:
    reader = left(tmp_path, {})
    for read in (
        lambda: reader.unusable({"unusable": unusable}),
        lambda: reader.answers({"cases": cases}, ["y"], 1),
    ):
        with contextlib.suppress(ChildUntrustworthy):
            read()
