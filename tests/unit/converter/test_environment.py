"""The cache of environments: made once, whole or not at all, and clear about what is missing."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from onnxport.converter.interface import PinnedEnvironment
from onnxport.converter.isolation.environment import EnvironmentCache
from onnxport.converter.isolation.errors import EnvironmentFailed, PackagesUnusable
from onnxport.environment import uv

# Stands for uv: `venv` makes an interpreter, `pip sync` counts a build and does what the test asks.
_FAKE_UV = """\
    #!/bin/sh
    here=$(dirname "$0")
    case "$1" in
      venv) for last; do :; done; mkdir -p "$last/bin"; ln -s {python} "$last/bin/python" ;;
      pip) echo built >> "$here/builds"; {install} ;;
    esac
"""


@pytest.fixture
def pinned(tmp_path: Path) -> PinnedEnvironment:
    lock = tmp_path / "lock.txt"
    lock.write_text("thing==1 --hash=sha256:00\n")
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    return PinnedEnvironment(lock, (ours,), 1, 2)


@pytest.fixture
def cache(tmp_path: Path) -> EnvironmentCache:
    return EnvironmentCache(tmp_path / "environments")


def fake_uv(folder: Path, monkeypatch: pytest.MonkeyPatch, install: str = "true") -> Path:
    program = folder / "uv"
    text = textwrap.dedent(_FAKE_UV).format(python=sys.executable, install=install)
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(uv, "find_uv", lambda: str(program))
    return folder / "builds"


def test_an_environment_is_made_once(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builds = fake_uv(tmp_path, monkeypatch)
    said: list[str] = []
    first = cache.ensure("thing", pinned, said.append)
    second = cache.ensure("thing", pinned, said.append)

    assert first == second
    assert first.exists()
    assert cache.is_ready(pinned)
    assert "built\n" == builds.read_text()
    assert "1 MB to download, 2 MB on disk" in said[0]


def test_two_that_need_it_at_once_make_one(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builds = fake_uv(tmp_path, monkeypatch, "sleep 0.2")
    found: list[Path] = []
    needing = [
        threading.Thread(target=lambda: found.append(cache.ensure("thing", pinned, print)))
        for _ in range(4)
    ]
    for thread in needing:
        thread.start()
    for thread in needing:
        thread.join()

    assert 1 == len(set(found))
    assert 4 == len(found)
    assert "built\n" == builds.read_text()


def test_another_lock_is_another_environment(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_uv(tmp_path, monkeypatch)
    first = cache.ensure("thing", pinned, print)
    pinned.lock.write_text("thing==2 --hash=sha256:00\n")

    assert not cache.is_ready(pinned)
    assert first != cache.ensure("thing", pinned, print)


def test_an_environment_whose_interpreter_is_gone_is_made_again(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builds = fake_uv(tmp_path, monkeypatch)
    cache.ensure("thing", pinned, print).unlink()

    assert not cache.is_ready(pinned)
    assert cache.ensure("thing", pinned, print).exists()
    assert "built\nbuilt\n" == builds.read_text()


def test_a_killed_build_is_never_used_and_is_cleared_away(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builds = fake_uv(tmp_path, monkeypatch, "exec sleep 60")
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from onnxport.converter.interface import PinnedEnvironment
        from onnxport.converter.isolation.environment import EnvironmentCache
        from onnxport.environment import uv
        uv.find_uv = lambda: {str(tmp_path / "uv")!r}
        pinned = PinnedEnvironment(Path({str(pinned.lock)!r}), {pinned.pythons!r}, 1, 2)
        EnvironmentCache(Path({str(cache.folder)!r})).ensure("thing", pinned, print)
    """)
    builder = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    deadline = time.monotonic() + 20
    while not builds.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(builder.pid, signal.SIGKILL)
    builder.wait()

    assert 1 == len(list(cache.folder.glob(".*.building")))
    assert not cache.is_ready(pinned)
    fake_uv(tmp_path, monkeypatch)
    assert cache.ensure("thing", pinned, print).exists()
    assert [] == list(cache.folder.glob(".*.building"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("error: Failed to fetch: dns error", "could not be reached"),
        ("error: Hash mismatch for thing", "Hash mismatch"),
    ],
    ids=["no-network", "other-bytes"],
)
def test_a_failed_build_says_why_and_leaves_nothing(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    words: str,
) -> None:
    fake_uv(tmp_path, monkeypatch, f"echo '{said}' >&2; exit 2")

    with pytest.raises(EnvironmentFailed, match=words) as caught:
        cache.ensure("thing", pinned, print)
    assert "onnxport convert --prepare thing" in caught.value.remedy
    assert [] == [path for path in cache.folder.iterdir() if path.suffix != ".lock"]


@pytest.mark.skipif(shutil.which("sh") is None, reason="the stand-in for uv is a shell script")
def test_the_users_settings_of_uv_are_passed_on(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_uv(tmp_path, monkeypatch, 'echo "links $UV_FIND_LINKS offline $UV_OFFLINE" >&2')
    monkeypatch.setenv("UV_FIND_LINKS", "/wheels")
    monkeypatch.setenv("UV_OFFLINE", "1")
    said: list[str] = []
    cache.ensure("thing", pinned, said.append)

    assert "links /wheels offline 1" in said


def test_other_packages_are_locked_on_top_and_have_a_place_of_their_own(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pinned.lock.with_suffix(".in").write_text("thing==1\n")
    fake_uv(tmp_path, monkeypatch, 'for last; do :; done; echo "$2 of $(cat "$last")" >&2')
    said: list[str] = []
    usual = cache.ensure("thing", pinned, print)
    other = cache.ensure("thing", pinned, said.append, ["thing==2", "extra"])

    assert usual != other
    assert other == cache.ensure("thing", pinned, print, ["thing==2", "extra"])
    assert "compile of thing==2" in said
    assert any(line.startswith("sync of") for line in said)


def test_packages_that_cannot_be_had_are_the_users_to_change(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pinned.lock.with_suffix(".in").write_text("thing==1\n")
    fake_uv(tmp_path, monkeypatch, "echo 'error: No solution found' >&2; exit 1")

    with pytest.raises(PackagesUnusable, match=r"thing==99.*No solution found") as caught:
        cache.ensure("thing", pinned, print, ["thing==99"])
    assert "--with" in caught.value.remedy


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has several builds of PyTorch")
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "backend cpu"),
        ({"UV_TORCH_BACKEND": "auto"}, "backend auto"),
        ({"UV_FIND_LINKS": "/wheels"}, "backend none"),
        ({"UV_INDEX": "https://mirror.example/simple"}, "backend none"),
    ],
    ids=["plain", "own-backend", "own-folder", "own-index"],
)
def test_the_build_of_pytorch_is_asked_for_unless_packages_come_from_elsewhere(
    tmp_path: Path,
    cache: EnvironmentCache,
    pinned: PinnedEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    own: dict[str, str],
    expected: str,
) -> None:
    fake_uv(tmp_path, monkeypatch, 'echo "backend ${UV_TORCH_BACKEND:-none}" >&2')
    for name in ("UV_FIND_LINKS", "UV_INDEX", "UV_TORCH_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    cache.ensure("thing", replace(pinned, torch_backend="cpu"), said.append)

    assert expected in said
