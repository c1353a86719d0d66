"""Text for TensorFlow's models: what of a regular expression can be done without one, and the sentences that models are tried on."""

import re
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.converter.inside.tensorflow.knowledge import Known
from onnxport.converter.inside.tensorflow.texts import searched
from onnxport.converter.inside.tensorflow.words import words

KERAS_PATTERN = r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']"


@pytest.mark.parametrize(
    ("pattern", "put", "expected"),
    [
        ("<br />", " ", ["<br />"]),
        (r"a\.b", "", ["a.b"]),
        ("[,.]", " ", [",", "."]),
        ("[a-c]+", "", ["a", "b", "c"]),
        ("[a-c]+", "x", None),
        ("[ab]", "a", None),
        ("[^0-9]", "", None),
        (r"[\s]", " ", None),
        ("[\u00e4]", "", None),
        ("a|b", "", None),
        ("a+", "", None),
        ("^a", "", None),
        ("(a)", r"\1", None),
        ("", "", None),
    ],
)
def test_only_characters_and_plain_texts_are_searched(
    pattern: str, put: str, expected: list[str] | None
) -> None:
    assert expected == searched(pattern, put)


def test_the_marks_that_keras_strips_are_all_found() -> None:
    assert set(string.punctuation) == set(searched(KERAS_PATTERN, "") or ())


@given(st.text(), st.text(), st.text("ab,.[]-\\+"))
def test_what_is_searched_replaces_as_the_expression_does(
    before: str, after: str, inner: str
) -> None:
    for pattern, put in ((KERAS_PATTERN, ""), ("[,.]", " "), ("ab", "-")):
        text = f"{before}{inner}{after}"
        replaced = text
        for part in searched(pattern, put) or ():
            replaced = put.join(replaced.split(part))

        assert re.sub(pattern, lambda _, put=put: put, text) == replaced


@given(st.text(max_size=12), st.text(max_size=3))
def test_no_expression_breaks_the_search(pattern: str, put: str) -> None:
    found = searched(pattern, put)

    assert found is None or all(part.isascii() for part in found)


def test_models_that_take_text_apart_are_tried_on_sentences() -> None:
    known = Known(values=[b"film", b"good"], sentences=True)
    texts = words(known, (40, 1), np.random.default_rng(0)).ravel().tolist()
    joined = "".join(texts)

    assert 40 == len(texts)
    assert any(text.lower().count("film") > 1 for text in texts)
    assert set(joined) & set(string.punctuation)
    assert {"\t", "\n", "F"} <= set(joined)
    assert not joined.isascii()


def test_others_are_tried_on_words_that_the_table_knows_and_on_some_it_does_not() -> None:
    texts = words(Known(values=["film"]), (50,), np.random.default_rng(0)).tolist()

    assert {"film", "", "model"} <= set(texts)
