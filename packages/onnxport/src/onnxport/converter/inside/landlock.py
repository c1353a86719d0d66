"""Landlock: the kernel refuses this process, and all that it starts, files that no rule names, and TCP. Needs no rights.

Source: <linux/landlock.h>. It does not look at modes, times and attributes of files, at sockets that are files, or at UDP.
"""

import ctypes
import os
import struct

_SYS_CREATE_RULESET, _SYS_ADD_RULE, _SYS_RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38
_OLDEST = 3  # before it, a file that may not be written could be cut to nothing

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ALL = (1 << 15) - 1
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_WRITE = _ALL & ~(_MAKE_CHAR | _MAKE_BLOCK)
_BIND_AND_CONNECT_TCP = 3
_ABSTRACT_SOCKETS_AND_SIGNALS = 3
_DEVICES = ("null", "zero", "full", "random", "urandom")


def restrict(writable: "list[str]", readable: "list[str]") -> bool:
    """Let this process read `readable`, write `writable`, and nothing else; `False`, and nothing done, where the kernel cannot."""
    version = _call(_SYS_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    if version < _OLDEST:
        return False
    ruleset = _ruleset(version)
    if ruleset < 0:
        return False
    try:
        for path in [*readable, "/proc"]:
            _allow(ruleset, path, _READ)
        for path in writable:
            _allow(ruleset, path, _WRITE)
        for name in _DEVICES:
            _allow(ruleset, "/dev/" + name, _READ_FILE | _WRITE_FILE | _TRUNCATE)
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return _call(_SYS_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _ruleset(version: int) -> int:
    """What is handled, and so forbidden unless allowed; older kernels know less and refuse what they do not know."""
    handled = struct.pack(
        "=QQQ",
        _ALL | (_IOCTL_DEV if version >= 5 else 0),
        _BIND_AND_CONNECT_TCP if version >= 4 else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )
    return _call(_SYS_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Allow a file, or a folder and all below it; what is not there needs no rule."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if os.path.isdir(path) else rights & _OF_FILES
        rule = struct.pack("=Qi", allowed, opened)
        _call(_SYS_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syscall"):
        return -1
    return int(library.syscall(ctypes.c_long(number), *arguments))
