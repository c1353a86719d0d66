"""Environments are made once, whole or not at all, with the real uv over a folder of small wheels."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from fake.wheels import write_requirements, write_wheel
from onnxport.environment import store as store_module
from onnxport.environment import uv
from onnxport.environment.errors import (
    EnvironmentBuildFailed,
    EnvironmentNotFound,
    IndexUnreachable,
)
from onnxport.environment.lock import LockedEnvironment
from onnxport.environment.place import machine_name, python_of
from onnxport.environment.python_version import running_python
from onnxport.environment.specification import EnvironmentSpecification, read_specification
from onnxport.environment.store import EnvironmentStore

OURS = running_python()

_BUILD = """
import sys
from pathlib import Path
from onnxport.environment.specification import read_specification
from onnxport.environment.store import EnvironmentStore
store = EnvironmentStore(Path(sys.argv[1]))
specification = read_specification(sys.argv[2])
locked = store.lock(specification)
print(store.ensure(locked.text, locked.python, specification.options, lambda w: print(w, file=sys.stderr)))
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    wheels = tmp_path / "wheels"
    write_wheel(wheels, "part", "2.0")
    write_wheel(wheels, "thing", "1.0", ["part"])
    return write_requirements(tmp_path / "requirements.txt", wheels, "thing")


@pytest.fixture
def specification(asked: Path) -> EnvironmentSpecification:
    return read_specification(asked)


@pytest.fixture
def store(tmp_path: Path) -> EnvironmentStore:
    return EnvironmentStore(tmp_path / "environments")


@pytest.fixture
def locked(store: EnvironmentStore, specification: EnvironmentSpecification) -> LockedEnvironment:
    return store.lock(specification)


def ensure(
    store: EnvironmentStore, locked: LockedEnvironment, said: list[str] | None = None
) -> Path:
    say = (said if said is not None else []).append
    return store.ensure(locked.text, locked.python, locked.specification.options, say, "asked.txt")


def test_an_environment_runs_and_knows_what_is_in_it(
    store: EnvironmentStore, locked: LockedEnvironment
) -> None:
    said: list[str] = []
    place = ensure(store, locked, said)
    answer = subprocess.run(
        [python_of(place), "-c", "import thing, part; print(thing.version, part.version)"],
        capture_output=True,
        text=True,
        check=True,
    )
    (record,) = store.list()

    assert "1.0 2.0\n" == answer.stdout
    assert place == store.place_of(locked.sha256, OURS) == record.directory
    assert (OURS, machine_name(), locked.sha256, "asked.txt") == (
        record.python,
        record.platform,
        record.lock_sha256,
        record.source_name,
    )
    assert [("part", "2.0"), ("thing", "1.0")] == [(p.name, p.version) for p in record.packages]
    assert record.size_bytes > 0
    assert said[-1].startswith("2 packages, ")
    assert not (place / ".lock.txt").exists()


def test_the_same_lock_is_the_same_environment_and_needs_no_network(
    store: EnvironmentStore,
    specification: EnvironmentSpecification,
    locked: LockedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = ensure(store, locked)
    monkeypatch.setattr(uv, "find_uv", lambda: "/nowhere/uv")
    said: list[str] = []

    assert locked == store.lock(specification)
    assert place == ensure(store, locked, said)
    assert [] == said
    assert store.is_ready(locked.sha256, OURS)


def test_an_environment_without_packages_is_one(store: EnvironmentStore) -> None:
    place = store.ensure("", OURS)

    assert () == store.find(place.name).packages


def test_one_whose_interpreter_is_gone_is_made_again(
    store: EnvironmentStore, locked: LockedEnvironment
) -> None:
    python_of(ensure(store, locked)).unlink()

    assert not store.is_ready(locked.sha256, OURS)
    assert python_of(ensure(store, locked)).exists()


def test_two_processes_that_need_it_at_once_make_one(store: EnvironmentStore, asked: Path) -> None:
    command = [sys.executable, "-c", _BUILD, str(store.folder), str(asked)]
    builders = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [builder.communicate() for builder in builders]

    assert [0, 0] == [builder.returncode for builder in builders]
    assert 1 == len({place for place, _ in answers})
    assert 1 == sum(said.count("building the environment") for _, said in answers)


def test_a_killed_build_is_never_used_and_is_cleared_away(
    tmp_path: Path, store: EnvironmentStore, asked: Path, locked: LockedEnvironment
) -> None:
    started = tmp_path / "started"
    script = f"import onnxport.environment.uv as uv\nuv.find_uv = lambda: {slow_uv(tmp_path, started)!r}\n"
    builder = subprocess.Popen(
        [sys.executable, "-c", script + _BUILD, str(store.folder), str(asked)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)

    assert 0 == store.remove_unfinished(), "a build that runs is let be"
    os.killpg(builder.pid, signal.SIGKILL)
    builder.wait()
    assert 1 == len(list(store.folder.glob(".*.building")))
    assert [] == store.list()
    assert not store.is_ready(locked.sha256, OURS)
    assert 1 == store.remove_unfinished()
    assert [] == list(store.folder.glob(".*.building"))
    assert python_of(ensure(store, locked)).exists()


def slow_uv(folder: Path, started: Path) -> str:
    """A uv whose installing takes for ever."""
    program = folder / "slow-uv"
    text = f"""\
        #!/bin/sh
        case "$1 $2" in
          "pip sync") touch {started}; exec sleep 60 ;;
          *) exec {uv.find_uv()} "$@" ;;
        esac
    """
    program.write_text(textwrap.dedent(text))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


def test_a_failed_build_says_why_and_leaves_nothing(
    store: EnvironmentStore, specification: EnvironmentSpecification, locked: LockedEnvironment
) -> None:
    wrong = re.sub("sha256:[0-9a-f]{4}", "sha256:0000", locked.text)

    with pytest.raises(EnvironmentBuildFailed, match=r"[Hh]ash"):
        store.ensure(wrong, OURS, specification.options, source_name="asked.txt")
    assert {"locks"} == {path.name for path in store.folder.iterdir() if path.is_dir()}


def test_a_missing_network_is_said(
    store: EnvironmentStore,
    locked: LockedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))

    with pytest.raises(IndexUnreachable, match="could not be reached"):
        store.ensure(locked.text, OURS)


def test_environments_are_found_by_the_beginning_of_their_id(
    store: EnvironmentStore, locked: LockedEnvironment
) -> None:
    place = ensure(store, locked)
    other = store.ensure("", OURS)

    for text in (place.name, place.name[:6], f"sha256:{locked.sha256}", locked.sha256[:20]):
        assert place == store.find(text).directory
    for text in ("", "x", "sha256:"):
        with pytest.raises(EnvironmentNotFound):
            store.find(text)
    assert sorted([place, other]) == [record.directory for record in store.list()]


def test_a_deleted_environment_can_be_built_again(
    store: EnvironmentStore, locked: LockedEnvironment
) -> None:
    place = ensure(store, locked)
    store.delete(store.find(place.name))

    assert not place.exists()
    assert [] == store.list()
    assert [] == list(store.folder.glob(".*.building"))
    assert place == ensure(store, locked)


def test_a_folder_without_a_record_is_no_environment(
    store: EnvironmentStore, locked: LockedEnvironment
) -> None:
    place = ensure(store, locked)
    record = place / "onnxport-environment.json"
    for text in ("{}", "[]", json.dumps({"packages": 1}), "\x00"):
        record.write_text(text)
        assert [] == store.list()
    shutil.rmtree(store.folder)
    assert [] == store.list()


def test_the_wanted_python_is_never_replaced_when_a_person_names_it(
    store: EnvironmentStore,
    specification: EnvironmentSpecification,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, bool]] = []

    def find(wanted: str, say: uv.Say, *, exact: bool) -> store_module.Interpreter:
        asked.append((wanted, exact))
        return store_module.Interpreter(OURS, sys.executable, "another is used")

    monkeypatch.setattr(store_module, "find_interpreter", find)
    monkeypatch.setattr(store_module, "find_on_machine", lambda _: None)
    replaced = store.lock(
        EnvironmentSpecification("3.8", specification.requirements, options=specification.options)
    )
    again = store.lock(
        EnvironmentSpecification("3.8", specification.requirements, options=specification.options)
    )

    assert ("another is used",) == replaced.specification.notices
    assert replaced == again
    assert [("3.8", False)] == asked
    store.lock(specification, python="3.8")
    assert ("3.8", True) == asked[-1]
