"""Label flips that are excused because the framework's own scores tie, for one label and for several."""

import numpy as np
from onnxport.converter.interface import Output
from onnxport.converter.proof.ties import count_ties, score_names

EVEN, CLEAR = [0.5, 0.5], [0.9, 0.1]


def test_one_label_is_excused_where_its_two_scores_are_equal() -> None:
    output = Output("label", "label", scores="p", labels=("a", "b"))
    wanted, got = np.array(["a", "a", "b"]), np.array(["b", "b", "b"])

    assert 1 == count_ties(output, wanted, got, [np.array([EVEN, CLEAR, CLEAR])], [1e-5])


def test_each_of_several_labels_is_held_against_its_own_scores() -> None:
    output = Output("label", "label", scores=("p", "q"), labels=((0, 1), ("a", "b")))
    wanted = np.array([["0", "a"], ["0", "a"], ["0", "a"], ["1", "b"]])
    got = np.array([["1", "a"], ["1", "b"], ["0", "b"], ["1", "b"]])
    first = np.array([EVEN, EVEN, CLEAR, CLEAR])
    second = np.array([CLEAR, CLEAR, EVEN, CLEAR])

    assert ("p", "q") == score_names(output)
    assert 2 == count_ties(output, wanted, got, [first, second], [1e-5, 1e-5])


def test_labels_that_are_set_or_not_are_excused_in_the_middle() -> None:
    output = Output("label", "label", scores="p")
    wanted, got = np.array([[0, 1], [0, 1]]), np.array([[1, 1], [1, 1]])
    probabilities = np.array([[0.5000001, 0.9], [0.6, 0.9]])

    assert 1 == count_ties(output, wanted, got, [probabilities], [1e-5])


def test_without_fitting_scores_nothing_is_excused() -> None:
    several = Output("label", "label", scores=("p", "q"), labels=((0, 1), (0, 1)))
    wanted, got = np.array([[0, 1]]), np.array([[1, 1]])

    assert 0 == count_ties(several, wanted, got, [], [])
    assert 0 == count_ties(several, wanted, got, [np.array([EVEN])], [1e-5])
    assert 0 == count_ties(
        Output("label", "label", scores="p"), wanted, got, [np.array([[0.5]])], [1e-5]
    )
