"""A front never outlives its supervisor, and is the first to go when memory runs out while it loads."""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_GROUP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_LARGEST_LIMIT = 1 << 20
_FIRST_TO_GO = "500"
_OOM_SCORE = Path("/proc/self/oom_score_adj")


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, where it can (Linux); end now when that has happened.

    Elsewhere the end of the control channel does the same as soon as the loop is free.
    """
    if sys.platform == "linux":
        import ctypes

        # Without it (a foreign libc) the control channel remains.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def ignore_group_signals() -> None:
    """Leave signals that go to the whole process group to the supervisor, which tells the fronts what to do.

    They are blocked since the process began, so that none ends it while it imports.
    """
    for number in _GROUP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _GROUP_SIGNALS)


def raise_descriptor_limit() -> None:
    """Use the whole number of open files that the system grants: every connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _LARGEST_LIMIT if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS grants less than it says; the soft limit then stays.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def set_first_to_go(wanted: bool) -> None:
    """While it loads, the kernel shall end this process before one that serves."""
    if wanted:
        _write_oom_score(_FIRST_TO_GO)
    else:
        _write_oom_score("0")


def _write_oom_score(score: str) -> None:
    # Only Linux has the file, and a container may forbid it; nothing depends on it.
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text(score)
