"""Files without a name that live in memory where the system has such: they go to another process by descriptor."""

import os
import sys
import tempfile


def new_memory_file(name: str) -> int:
    """The descriptor of an empty file; raises `OSError`."""
    if sys.platform == "linux":
        return os.memfd_create(name, os.MFD_CLOEXEC)
    descriptor, path = tempfile.mkstemp(prefix=name)
    os.unlink(path)  # noqa: PTH108 - a path of ours for a moment only
    return descriptor
