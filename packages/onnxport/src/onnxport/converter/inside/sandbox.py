"""Shutting this process in before it opens anything that others wrote: no network, no other processes, few files, no rights.

What holds is told by name:

    network    no interface but an idle loopback (a network namespace)
    processes  sees and signals only what it starts, and all of that ends with it (a process namespace)
    files      its root holds only what it may read, and one folder that it may write (a mount namespace)
    contents   the same once more, by the kernel's Landlock rules; alone, it leaves modes of files, and sockets that are files

Standard library only, and Python 3.8: it also runs beside old frameworks.
"""

import ctypes
import os
import signal
from pathlib import Path

from onnxport.converter.inside import landlock, mounts

# Source: <linux/sched.h>, <linux/prctl.h>, <linux/capability.h>.
_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_NAMESPACES = _CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWPID | _CLONE_NEWIPC | _CLONE_NEWNS
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64


def end_with(parent: int) -> None:
    """End when the process that started this one, `parent`, ends; at once where it already did."""
    _on_end_of_parent()
    if os.getppid() != parent:
        os._exit(1)


def shut_in(folder: Path, readable: "list[str]") -> "list[str]":
    """Shut this process in, as far as the system can, and name what holds; a process of its own goes on where there are namespaces.

    Args:
        folder: what may be written.
        readable: files and folders that may be read.
    """
    held = []  # type: list[str]
    writable = [str(folder)]
    if _has_namespaces():
        _enter_namespaces()
        _go_on_in_process_namespace()
        held += ["network", "processes"]
        if mounts.show_only(folder, readable):
            held.append("files")
            writable += mounts.WRITABLE
        os.chdir(str(folder))
    _drop_capabilities()
    if landlock.restrict(writable, readable):
        held.append("contents")
    return held


def _has_namespaces() -> bool:
    """Whether they can be had, tried in a process of its own: half of them would be worse than none."""
    if not hasattr(_library(), "unshare"):
        return False
    child = os.fork()
    if not child:
        try:
            _enter_namespaces()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _enter_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    if _library().unshare(_NAMESPACES) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", "{0} {0} 1".format(user)),
        ("gid_map", "{0} {0} 1".format(group)),
    ):
        (Path("/proc/self") / name).write_text(text, encoding="ascii")


def _go_on_in_process_namespace() -> None:
    """Fork twice: the first process of the namespace gets no ordinary signals, so it only waits; the second goes on."""
    alive, kept = os.pipe()
    if child := os.fork():
        os.close(alive)
        # Asked to end, it ends that process, and waits: the kernel ends the rest before it says that it is gone.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
        _wait_and_end_like(child)
    os.close(kept)
    _on_end_of_parent()
    # The other end of the pipe is closed where the parent ended before the line above.
    os.set_blocking(alive, False)
    try:
        os.read(alive, 1)
        os._exit(1)
    except BlockingIOError:
        os.close(alive)
    if child := os.fork():
        _wait_and_end_like(child)


def _wait_and_end_like(child: int) -> None:
    """Wait for everything that is left to this process, until `child` ends; then end with its code."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            os._exit(code)


def _on_end_of_parent() -> None:
    library = _library()
    if hasattr(library, "prctl"):
        library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _drop_capabilities() -> None:
    """Give up what the user namespace gave, with which mounts could be changed again, and what the superuser has without one."""
    library = _library()
    if not hasattr(library, "capset"):
        return
    for number in range(_MOST_CAPABILITIES):
        library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    if library.capset(header, none) != 0 or library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "capabilities")


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
