"""LightGBM's text is read as LightGBM reads it, and a file that was cut off is not taken for a smaller model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.converter.inside.lightgbm.text import (
    ZERO,
    read_classes,
    read_model,
    refuse_cut,
)
from onnxport.converter.interface import ConversionRefused

HEAD = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=1
objective=binary sigmoid:2
feature_names=a b
feature_infos=[0:1] 0:1:2
tree_sizes={size}

"""
TREE = """Tree=0
num_leaves=4
num_cat=1
split_feature=0 1 0
split_gain=3 2 1
threshold=0.25 0 {zero}
decision_type=2 1 {zero_type}
left_child=1 -1 -2
right_child=2 -3 -4
leaf_value=0.1 0.2 0.3 0.4
cat_boundaries=0 2
cat_threshold=5 1
shrinkage=0.1


"""
AFTER = "end of trees\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"


def text_of(zero: float = 1.0, zero_type: int = 8) -> str:
    tree = TREE.format(zero=zero, zero_type=zero_type)
    return HEAD.format(size=len(tree)) + tree + AFTER


def test_nodes_come_before_leaves() -> None:
    model = read_model(text_of(), None)
    tree = model.trees[0]

    assert ("binary", "logistic", ("a", "b")) == (model.objective, model.link, model.names)
    assert [0, 1, 0, -1, -1, -1, -1] == tree.feature.tolist()
    assert [1, 3, 4] == tree.left[:3].tolist()
    assert [2, 5, 6] == tree.right[:3].tolist()
    assert [0.1, 0.2, 0.3, 0.4] == tree.weights[3:, 0].tolist()
    assert "2" == model.settings["sigmoid"]


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (1.0, False),
        (20_000.500000000004, False),
        (0.2500001, True),
        (1_700_000_000.5, True),
        (-3e7, True),
        (1e300, False),
    ],
    ids=["far", "between-whole-numbers", "close", "time", "large", "no-border"],
)
def test_thresholds_that_float32_blurs_are_read_for_float64(
    threshold: float, expected: bool
) -> None:
    assert expected == read_model(text_of(threshold), None).is_double


def test_thresholds_for_float64_keep_their_digits() -> None:
    tree = read_model(text_of(1 / 3), None, double=True).trees[0]

    assert 1 / 3 == tree.threshold[2]
    assert 1 / 3 > read_model(text_of(1 / 3), None).trees[0].threshold[2]


def test_a_set_for_float64_ends_just_before_the_next_whole_number() -> None:
    steps = read_model(text_of(), None, double=True).trees[0].steps[1]

    assert (-1.0, *(np.nextafter(v, -np.inf) for v in (1.0, 2.0, 3.0, 32.0, 33.0))) == steps.borders


def test_the_bits_of_a_set_are_its_categories() -> None:
    steps = read_model(text_of(), None).trees[0].steps[1]
    below = [np.nextafter(np.float32(v), np.float32(-np.inf)) for v in (1, 2, 3, 32, 33)]

    assert (-1.0, *map(float, below)) == steps.borders
    assert not steps.starts_left


@pytest.mark.parametrize(
    ("kind", "default_left"), [(0, True), (8, False), (10, True)], ids=["none", "right", "left"]
)
def test_a_missing_value_is_a_zero_or_goes_its_own_way(kind: int, default_left: bool) -> None:
    tree = read_model(text_of(zero_type=kind), None).trees[0]

    assert default_left == tree.missing_left[2]


@pytest.mark.parametrize(
    ("threshold", "kind", "borders"),
    [(1.0, 4, 3), (-1.0, 6, 3), (1.0, 6, 0), (-1.0, 4, 0), (1e-35, 4, 1), (-1e-35, 6, 1)],
)
def test_zeros_that_are_missing_change_sides_where_they_must(
    threshold: float, kind: int, borders: int
) -> None:
    steps = read_model(text_of(threshold, kind), None).trees[0].steps.get(2)

    assert borders == (0 if steps is None else len(steps.borders))
    assert steps is None or list(steps.borders) == sorted(steps.borders)


def test_thresholds_around_zero_take_what_is_too_small_for_zero() -> None:
    tree = read_model(text_of(-1.0000000180025095e-35), None).trees[0]

    assert tree.threshold[2] < -ZERO


@given(st.integers(1, len(TREE) + len("end of trees")))
def test_a_text_that_was_cut_off_is_refused(missing: int) -> None:
    text = text_of()
    cut = text[: text.index("end of trees") + len("end of trees") - missing]
    if "Tree=0" in cut:
        with pytest.raises(ConversionRefused, match="ends before its last tree"):
            refuse_cut(cut, "model.txt")


def test_a_whole_text_is_not_refused() -> None:
    refuse_cut(text_of(), "model.txt")


def test_class_labels_stand_beside_the_trees() -> None:
    assert ("no", "yes") == read_classes(text_of() + '\nonnxport_classes:["no", "yes"]\n')
    assert read_classes(text_of()) is None


def test_an_unknown_objective_is_refused_by_name() -> None:
    with pytest.raises(ConversionRefused, match="'guess'"):
        read_model(text_of().replace("objective=binary", "objective=guess"), None)
