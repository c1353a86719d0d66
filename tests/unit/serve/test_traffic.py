"""Traffic shares: exact in every round, spread evenly, for any weights."""

from collections import Counter
from itertools import islice, pairwise

from hypothesis import given
from hypothesis import strategies as st
from onnxport_serve.traffic import rotate, unroll


@st.composite
def percents(draw: st.DrawFn) -> dict[int, int]:
    """Whole percents that sum to 100 over one to six revisions, some of them 0."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), max_size=5)))
    edges = [0, *cuts, 100]
    shares = [high - low for low, high in pairwise(edges)]
    return dict(enumerate(shares, start=1))


@given(percents())
def test_ten_thousand_requests_are_split_exactly(weights: dict[int, int]) -> None:
    seen = Counter(islice(rotate(weights), 10_000))

    assert {number: 100 * share for number, share in weights.items() if share} == dict(seen)


@given(percents())
def test_no_window_is_off_by_more_than_one_request_per_revision(weights: dict[int, int]) -> None:
    seen: Counter[int] = Counter()
    for count, number in enumerate(islice(rotate(weights), 200), start=1):
        seen[number] += 1
        for revision, share in weights.items():
            assert abs(seen[revision] - count * share / 100) <= len(weights) - 1 + 1e-9


def test_a_round_is_as_short_as_the_weights_allow() -> None:
    assert (1, 1, 2, 1) == unroll({1: 75, 2: 25})
    assert (3,) == unroll({3: 100, 4: 0})


def test_an_order_does_not_depend_on_the_documents() -> None:
    assert unroll({1: 60, 2: 40}) == unroll({2: 40, 1: 60})
