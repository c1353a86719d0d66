"""Trees as ONNX: thresholds, sets of categories, values that change sides twice, and missing values go where they should."""

import math

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto
from onnxport.converter.inside.trees.forest import (
    LEAF,
    Steps,
    Tree,
    rounded_down,
    set_steps,
    write_forest,
)
from onnxport.converter.inside.trees.graph import Graph
from onnxport.converter.inside.trees.labels import plain_labels
from onnxport.converter.interface import ConversionRefused

LEFT, RIGHT = 10.0, 20.0


def split(
    threshold: float, *, missing_left: bool, steps: Steps | None = None, target: int = 0
) -> Tree:
    """One split of column 0, whose left leaf is 10 and whose right leaf is 20."""
    return Tree(
        feature=np.array([0, LEAF, LEAF]),
        threshold=np.array([threshold, 0, 0]),
        left=np.array([1, 0, 0]),
        right=np.array([2, 0, 0]),
        missing_left=np.array([missing_left, False, False]),
        weights=np.array([[0.0], [LEFT], [RIGHT]]),
        target=target,
        steps={} if steps is None else {0: steps},
    )


def leaf(value: float) -> Tree:
    """A tree without a split."""
    none = np.zeros(1, np.int64)
    return Tree(none + LEAF, none, none, none, none > 0, np.array([[value]]))


def answers(
    trees: list[Tree], values: list[float], *, less: bool = False, double: bool = False
) -> list[float]:
    """What ONNX Runtime gives for the values as rows."""
    graph = Graph("test", 1)
    sums = write_forest(graph, trees, np.zeros(1), "X", less=less, double=double)
    model = graph.finish({"sum": (sums, TensorProto.FLOAT)}, None)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    rows = np.array(values, np.float32).reshape(-1, 1)
    return np.ravel(session.run(None, {"X": rows})[0]).tolist()


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize(("less", "at_threshold"), [(False, LEFT), (True, RIGHT)])
def test_a_value_at_the_threshold_goes_where_the_framework_sends_it(
    less: bool, at_threshold: float, double: bool
) -> None:
    tree = split(1.5, missing_left=False)
    found = answers([tree], [1.0, 1.5, 2.0, -math.inf, math.inf], less=less, double=double)

    assert [LEFT, at_threshold, RIGHT, LEFT, RIGHT] == found


@pytest.mark.parametrize("left", [False, True])
def test_a_missing_value_goes_to_its_side(left: bool) -> None:
    assert [LEFT if left else RIGHT] == answers([split(0.0, missing_left=left)], [math.nan])


def side(value: float, members: set[int], *, inside: float, outside: float) -> float:
    """Where a value belongs whose whole part is the category."""
    return inside if value > -1 and int(value) in members else outside


@settings(max_examples=60, deadline=None)
@given(
    members=st.sets(st.integers(0, 60), min_size=1),
    values=st.lists(st.floats(-3, 70, width=32), min_size=1, max_size=30),
    missing_left=st.booleans(),
)
def test_the_members_of_a_set_go_left_and_all_others_right(
    members: set[int], values: list[float], missing_left: bool
) -> None:
    steps = Steps(set_steps(sorted(members), below=-1.0, closed=True), starts_left=False)
    tree = split(0.0, missing_left=missing_left, steps=steps)
    found = answers([tree], [*values, *map(float, members), math.nan])
    expected = [side(v, members, inside=LEFT, outside=RIGHT) for v in [*values, *members]]

    assert [*expected, LEFT if missing_left else RIGHT] == found


@settings(max_examples=60, deadline=None)
@given(
    members=st.sets(st.integers(0, 60), min_size=1),
    values=st.lists(st.floats(0, 70, width=32), min_size=1, max_size=30),
    missing_left=st.booleans(),
)
def test_the_members_of_a_set_go_right_where_less_is_left(
    members: set[int], values: list[float], missing_left: bool
) -> None:
    steps = Steps(set_steps(sorted(members), below=0.0, closed=False), starts_left=True)
    tree = split(0.0, missing_left=missing_left, steps=steps)
    found = answers([tree], [*values, -0.5, -7.0, math.nan], less=True)
    expected = [side(v, members, inside=RIGHT, outside=LEFT) for v in values]

    assert [*expected, LEFT, LEFT, LEFT if missing_left else RIGHT] == found


def test_a_large_set_is_a_long_row_of_splits() -> None:
    members = list(range(0, 4000, 2))
    steps = Steps(set_steps(members, below=-1.0, closed=True), starts_left=False)
    found = answers([split(0.0, missing_left=False, steps=steps)], [0, 1, 2, 3997, 3998, 3999])

    assert [LEFT, RIGHT, LEFT, RIGHT, LEFT, RIGHT] == found


@given(st.floats(allow_nan=False), st.floats(allow_nan=False, width=32))
def test_a_threshold_rounded_down_divides_float32_as_before(threshold: float, value: float) -> None:
    rounded = float(rounded_down(np.array([threshold]))[0])

    assert (value <= threshold) == (value <= rounded)


def test_trees_without_a_split_are_added_to_the_start() -> None:
    assert [LEFT + 5, RIGHT + 5] == answers([leaf(5.0), split(0.0, missing_left=False)], [-1, 1])


def test_a_model_without_any_split_is_refused() -> None:
    with pytest.raises(ConversionRefused, match="none of the model's trees has a split"):
        answers([leaf(5.0)], [0.0])


@pytest.mark.parametrize("opset", [7, 999])
def test_an_operator_set_that_cannot_be_written_is_refused(opset: int) -> None:
    graph = Graph("test", 1)
    with pytest.raises(ConversionRefused, match=f"operator set {opset}"):
        graph.finish({"X2": ("X", TensorProto.FLOAT)}, opset)


@pytest.mark.parametrize(
    ("own", "plain"),
    [
        (np.array([3, 5]), (3, 5)),
        (np.array([False, True]), (0, 1)),
        (np.array([0.0, 2.0]), (0, 2)),
        (np.array([0.0, 1.5]), ("0.0", "1.5")),
        (np.array(["no", "yes"], object), ("no", "yes")),
    ],
    ids=["integers", "booleans", "whole", "fractions", "text"],
)
def test_class_labels_are_whole_numbers_or_text(own: np.ndarray, plain: tuple[object, ...]) -> None:
    assert plain == plain_labels(own)
