"""From what a person says to the wanted state: pure rules, as tables and properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.domain.endpoint import EndpointSpec, KeyPolicy, Listen, Revision
from onnxport.domain.resources import RunSettings
from onnxport.domain.traffic import InvalidTraffic, Traffic
from onnxport.service.deployment.options import (
    DeployOptions,
    key_policy,
    share_rest,
    with_new_revision,
)
from onnxport.service.endpoint.errors import InvalidOption, KeysNeeded


def revision(number: int) -> Revision:
    return Revision(number, "sha256:0", "bundle")


def endpoint(percents: dict[int, int]) -> EndpointSpec:
    revisions = tuple(revision(number) for number in sorted(percents))
    return EndpointSpec("iris", 1, revisions, Traffic.of(percents))


@pytest.mark.parametrize(
    ("before", "percent", "loaded", "shares"),
    [
        (None, None, [1], {1: 100}),
        (None, 100, [1], {1: 100}),
        ({1: 100}, None, [2], {2: 100}),
        ({1: 100}, 0, [1, 2], {1: 100, 2: 0}),
        ({1: 100}, 10, [1, 2], {1: 90, 2: 10}),
        ({1: 90, 2: 10}, 50, [1, 2, 3], {1: 45, 2: 5, 3: 50}),
        ({1: 100, 2: 0}, 10, [1, 3], {1: 90, 3: 10}),
        ({1: 50, 2: 50}, 1, [1, 2, 3], {1: 50, 2: 49, 3: 1}),
    ],
    ids=["first", "first all", "swap", "no traffic", "share", "third", "idle dropped", "odd"],
)
def test_a_new_revision_gets_its_share_and_the_others_the_rest(before, percent, loaded, shares):
    new = revision(max(before or {0: 0}) + 1)

    revisions, traffic = with_new_revision(before and endpoint(before), new, percent)

    assert loaded == [one.number for one in revisions]
    assert shares == traffic.as_dict()


def test_the_first_revision_cannot_get_a_part():
    with pytest.raises(InvalidTraffic, match="first revision"):
        with_new_revision(None, revision(1), 10)


@given(
    st.dictionaries(st.integers(1, 99), st.integers(1, 60), min_size=1, max_size=8),
    st.integers(1, 100),
)
def test_shares_stay_whole_in_proportion_and_sum_to_the_rest(weights, rest):
    total = sum(weights.values())
    percents = {number: weight * 100 // total for number, weight in weights.items()}
    percents[min(percents)] += 100 - sum(percents.values())

    shares = share_rest(Traffic.of(percents), rest)

    assert rest == sum(shares.values())
    assert all(abs(share - percents[number] * rest / 100) < 1 for number, share in shares.items())


@pytest.mark.parametrize(
    ("host", "asked", "before", "required"),
    [
        ("127.0.0.1", None, None, False),
        ("localhost", None, None, False),
        ("::1", None, None, False),
        ("127.0.0.1", True, None, True),
        ("127.0.0.1", None, True, True),
        ("127.0.0.1", False, True, False),
        ("0.0.0.0", None, None, True),
        ("::", None, False, True),
        ("192.0.2.7", None, None, True),
        ("models.example.org", None, None, True),
    ],
)
def test_keys_are_required_as_asked_and_wherever_others_can_reach(host, asked, before, required):
    policy = None if before is None else KeyPolicy(before)

    found = key_policy(DeployOptions(require_keys=asked), policy, host, {"primary": "secret"})

    assert required is found.required
    assert ["primary"] == [key.name for key in found.accepted]
    assert "secret" not in repr(found)


def test_no_keys_beyond_loopback_is_refused():
    with pytest.raises(KeysNeeded, match=r"0\.0\.0\.0"):
        key_policy(DeployOptions(require_keys=False), None, "0.0.0.0", {})


@pytest.mark.parametrize(
    "values",
    [
        {"traffic": 101},
        {"traffic": -1},
        {"port": 0},
        {"port": 65536},
        {"runner": "quick"},
        {"cpu": 0},
        {"request_timeout_s": float("inf")},
        {"request_timeout_s": float("nan")},
        {"fronts": -1},
    ],
    ids=str,
)
def test_values_that_cannot_be_are_refused(values):
    with pytest.raises(InvalidOption):
        DeployOptions(**values).check()


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_timeout_is_a_finite_time(seconds):
    with pytest.raises(InvalidOption, match="a finite number of seconds above zero"):
        DeployOptions(request_timeout_s=seconds).check()


def test_what_is_not_said_stays_as_it_was():
    before = RunSettings(intra_op_threads=3, runner="inline")

    assert before == DeployOptions().settings(before)
    assert RunSettings(intra_op_threads=3, runner="threads") == DeployOptions(
        runner="threads"
    ).settings(before)


def test_another_host_gets_another_port_unless_one_is_given():
    before = Listen("127.0.0.1", 8000)

    assert Listen("0.0.0.0", 0) == DeployOptions(host="0.0.0.0").listen(before)
    assert Listen("0.0.0.0", 9000) == DeployOptions(host="0.0.0.0", port=9000).listen(before)
    assert before == DeployOptions(host="127.0.0.1").listen(before)


def test_settings_of_scoring_code_follow_what_is_said():
    said = DeployOptions(workers=2, debug=True, session_cache=False, collect_data=True)
    before = said.settings(RunSettings())

    assert (
        RunSettings(workers=2, debug=True, session_cache=False, model_data="../../modeldata")
        == before
    )
    assert before == DeployOptions().settings(before)
    assert RunSettings(workers=2) == DeployOptions(
        debug=False, session_cache=True, collect_data=False
    ).settings(before)


def test_workers_are_at_least_one():
    with pytest.raises(InvalidOption, match="workers"):
        DeployOptions(workers=0).check()
