"""Traffic: whole percents that sum to 100."""

import pytest
from onnxport.domain.traffic import InvalidTraffic, Traffic


def test_shares_are_sorted_by_revision() -> None:
    assert ((1, 90), (2, 10)) == Traffic.of({2: 10, 1: 90}).percents


def test_a_revision_may_be_loaded_without_traffic() -> None:
    assert {1: 100, 2: 0} == Traffic.of({1: 100, 2: 0}).as_dict()


def test_everything_can_go_to_one_revision() -> None:
    assert {7: 100} == Traffic.all_to(7).as_dict()


@pytest.mark.parametrize(
    ("percents", "why"),
    [
        ({}, "no revision is given any traffic"),
        ({1: 99}, "the percents sum to 99, not 100"),
        ({1: 99, 2: 2}, "the percents sum to 101, not 100"),
        ({1: 101, 2: -1}, "every percent must be between 0 and 100"),
        ({1: -1, 2: 101}, "every percent must be between 0 and 100"),
    ],
    ids=["nothing", "too little", "too much", "above", "below"],
)
def test_other_shares_are_refused_with_the_reason(percents: dict[int, int], why: str) -> None:
    with pytest.raises(InvalidTraffic) as caught:
        Traffic.of(percents)

    assert why == caught.value.message
    assert "onnxport traffic" in caught.value.remedy
