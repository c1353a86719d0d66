"""New generations take over without a client noticing; those that fail leave the running one alone."""

import pytest
from fake.lifecycle import ask, endpoint, is_alive, until
from fake.steady_load import steady_load


def test_new_revisions_take_over_under_load_without_a_failed_request(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        with steady_load(subject) as load:
            for number in range(2, 7):
                subject.want({number - 1: "old", number: "new"})
                subject.wait_ready()
        assert load.failures == []
        assert {answer["generation"] for answer in load.answers} >= {1, 6}


def test_several_fronts_are_replaced_under_load_without_a_failed_request(tmp_path):
    listen = {"listen": {"fronts": 2}}
    with endpoint(tmp_path, **listen) as subject:
        subject.wait_ready()
        with steady_load(subject) as load:
            for number in range(2, 5):
                subject.want({number: "new"}, **listen)
                subject.wait_ready()
        assert load.failures == []
        assert len(subject.status()["fronts"]) == 2


def test_idle_connections_go_on_with_the_new_revision_and_the_old_process_ends(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        connections = [subject.connect() for _ in range(40)]
        before = {ask(connection)["pid"] for connection in connections}
        subject.want({2: "second"})
        subject.wait_ready()
        until(lambda: not is_alive(list(before)), "the old front to end")
        for connection in connections:
            connection.auto_open = 0
        assert {tuple(ask(connection)["revisions"]) for connection in connections} == {(2,)}


def test_a_request_under_way_is_answered_by_the_revision_that_began_it(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        connection = subject.connect()
        connection.request("GET", "/slow")
        subject.get()  # what was sent before has arrived by now
        subject.want({2: "second"})
        subject.wait_ready()
        (tmp_path / "go").touch()
        response = connection.getresponse()
        assert b'"generation": 1' in response.read()
        connection.auto_open = 0
        assert ask(connection)["revisions"] == [2]


def test_weights_change_inside_the_running_process(tmp_path):
    with endpoint(tmp_path, {1: "first", 2: "second"}) as subject:
        before = subject.wait_ready()["fronts"]
        subject.want({1: "first", 2: "second"}, weights={"1": 90, "2": 10})
        after = subject.wait_ready()["fronts"]
        assert [front["pid"] for front in after] == [front["pid"] for front in before]
        assert subject.get()["weights"] == {"1": 90, "2": 10}


def test_new_limits_reach_revisions_that_are_still_loading(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        subject.want({2: "slow"})
        subject.wait_for("loading", lambda status: status["attempted"] == 2)
        subject.want({2: "slow"}, limits={"in_flight": 7})
        subject.wait_for("the newer attempt", lambda status: status["attempted"] == 3)
        (tmp_path / "go").touch()
        subject.wait_ready()
        assert subject.get()["generation"] == 3


def test_a_newer_generation_supersedes_one_that_is_loading(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        subject.want({2: "slow"})
        subject.wait_for("loading", lambda status: status["attempted"] == 2)
        subject.want({3: "third"})
        assert subject.wait_ready()["error"] is None
        assert subject.get()["revisions"] == [3]


@pytest.mark.parametrize(
    ("word", "code", "says"),
    [
        pytest.param("fail", "fake_failed", "it is told so", id="refused"),
        pytest.param("crash", "front_died", "SIGSEGV", id="crashed"),
        pytest.param("huge", "not_enough_memory", "are free", id="too large for the memory"),
    ],
)
def test_revisions_that_do_not_load_never_serve_and_say_why(tmp_path, word, code, says):
    with endpoint(tmp_path) as subject:
        before = subject.wait_ready()
        with steady_load(subject, keep_alive=1, fresh=1) as load:
            subject.want({1: "first", 2: word})
            status = subject.wait_for("an error", lambda status: status["error"])
        assert load.failures == []
        error = status["error"]
        assert (status["state"], status["generation"], status["attempted"]) == ("ready", 1, 2)
        assert (error["generation"], error["code"]) == (2, code)
        assert says in error["message"]
        assert error["remedy"]
        assert status["fronts"] == before["fronts"]


def test_the_last_log_lines_of_a_failed_load_are_in_the_status(tmp_path):
    with endpoint(tmp_path, {1: "fail"}) as subject:
        status = subject.wait_for("an error", lambda status: status["error"])
        assert status["state"] == "failed"
        assert any("the fake is told to fail" in line for line in status["error"]["log_tail"])


def test_a_good_generation_after_a_failed_start_serves(tmp_path):
    with endpoint(tmp_path, {1: "fail"}) as subject:
        subject.wait_for("an error", lambda status: status["error"])
        subject.want({2: "second"})
        assert subject.wait_ready()["error"] is None


def test_an_invalid_document_is_reported_and_changes_nothing(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        subject.write(b'{"format": "onnxport-endpoint/1", "generation": 2, "nmae": "typo"}')
        status = subject.wait_for("an error", lambda status: status["error"])
        assert (status["state"], status["generation"], status["attempted"]) == ("ready", 1, 2)
        assert status["error"]["code"] == "invalid_document"
        assert subject.get()["generation"] == 1


def test_settings_that_cannot_be_applied_are_reported(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        subject.want({1: "first"}, limits={"json_depth": 999})
        status = subject.wait_for("an error", lambda status: status["error"])
        assert status["error"]["code"] == "internal_error"
        assert subject.get()["generation"] == 1


def test_a_change_of_the_address_waits_for_a_restart_and_says_so(tmp_path):
    with endpoint(tmp_path) as subject:
        subject.wait_ready()
        subject.want({1: "first"}, listen={"fronts": 3})
        status = subject.wait_ready()
        assert len(status["fronts"]) == 1
        assert any("restarted" in warning for warning in status["warnings"])
