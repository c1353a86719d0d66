"""A root of our own, that holds only what may be read, and one folder that may be written. Needs a mount namespace of our own."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

# Source: <linux/mount.h>, <linux/fcntl.h>.
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID = 1, 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_SYS_MOUNT_SETATTR = 442

WRITABLE = ("/tmp", "/dev/shm")
"""Places that programs write to by name: empty, small, and gone with the process."""

_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"))
_IN_MEMORY = "size=256m,mode=1777"


def show_only(folder: Path, readable: "list[str]") -> bool:
    """Go on under a root that holds only `readable` and, to be written, `folder`; `False` where that cannot be.

    What is in `WRITABLE` is written too, in memory of its own. Needs `mount_setattr` (Linux 5.12): older kernels cannot make all of a tree
    read-only at once.
    """
    root = folder / "root"
    try:
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
        if not _set_attributes(str(folder), 0, 0, 0):
            # This asks for nothing: it fails where the kernel does not know the call.
            return False
        root.mkdir()
        _mount("tmpfs", str(root), "tmpfs", _MS_NOSUID | _MS_NODEV, "size=16m,mode=755")
        _fill(root, folder, readable)
        return _make_root(root, folder)
    except OSError:
        return False


def _fill(root: Path, folder: Path, readable: "list[str]") -> None:
    (root / "tmp").mkdir()
    _mount("tmpfs", str(root / "tmp"), "tmpfs", _MS_NOSUID | _MS_NODEV, _IN_MEMORY)
    shown = []  # type: list[str]
    for path in sorted({os.path.normpath(path) for path in readable}):
        if not any(path.startswith(above.rstrip("/") + "/") for above in shown):
            _show(root, path)
            shown.append(path)
    _make_devices(root)
    _make_processes(root)
    _bind(str(folder), root / str(folder)[1:], recursive=False)


def _show(root: Path, path: str) -> None:
    """Show a file or folder under its own path, and under the one where it really is: both may be asked for."""
    if os.path.dirname(path) == "/" and os.path.islink(path):
        # `/lib64` and its like lead into `/usr`.
        (root / path[1:]).symlink_to(os.readlink(path))
        return
    for place in {path, os.path.realpath(path)}:
        _bind(path, root / place[1:], recursive=True)


def _make_devices(root: Path) -> None:
    (root / "dev").mkdir(exist_ok=True)
    for path in filter(os.path.exists, ["/dev/" + name for name in _DEVICES]):
        _bind(path, root / path[1:], recursive=False)
    for name, target in _LINKS:
        (root / "dev" / name).symlink_to(target)
    (root / "dev" / "shm").mkdir()
    _mount("tmpfs", str(root / "dev/shm"), "tmpfs", _MS_NOSUID | _MS_NODEV, _IN_MEMORY)


def _make_processes(root: Path) -> None:
    """`/proc` of our own processes; where parts of the old one are covered the kernel gives only that."""
    (root / "proc").mkdir(exist_ok=True)
    try:
        _mount("proc", str(root / "proc"), "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    except OSError:
        _bind("/proc", root / "proc", recursive=True)


def _make_root(root: Path, folder: Path) -> bool:
    """Make it the root, let go of the old one, and let nothing be written but where it may."""
    os.chdir(str(root))
    # The second argument is where the old root goes: above the new one, from where it is taken off.
    if _library().pivot_root(b".", b".") != 0 or _library().umount2(b".", _MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    os.chdir("/")
    closed = _set_attributes("/", _AT_RECURSIVE, _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID, 0)
    for place in (*WRITABLE, str(folder)):
        closed = _set_attributes(place, 0, 0, _MOUNT_ATTR_RDONLY) and closed
    with suppress(OSError):
        (folder / "root").rmdir()
    return closed


def _bind(source: str, place: Path, *, recursive: bool) -> None:
    if os.path.isdir(source):
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.touch()
    _mount(source, str(place), None, _MS_BIND | (_MS_REC if recursive else 0))


def _mount(
    source: "str | None", place: str, kind: "str | None", flags: int, data: "str | None" = None
) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, place, kind, data)]
    done = _library().mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    if done != 0:
        raise OSError(ctypes.get_errno(), "mount", place)


def _set_attributes(place: str, flags: int, put: int, taken: int) -> bool:
    asked = (ctypes.c_uint64 * 4)(put, taken, 0, 0)
    number = ctypes.c_long(_SYS_MOUNT_SETATTR)
    size = ctypes.c_size_t(ctypes.sizeof(asked))
    done = _library().syscall(number, _AT_FDCWD, os.fsencode(place), flags, asked, size)
    return bool(done == 0)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
