"""Shared memory in which every worker writes what it is at."""

from __future__ import annotations

import mmap
import os

from onnxport_serve.script.memory_file import new_memory_file
from onnxport_serve.worker import frames


class Board:
    """A place for every worker.

    Args:
        workers: how many places there are.
    """

    def __init__(self, workers: int) -> None:
        self.descriptor = new_memory_file("onnxport-board")
        os.truncate(self.descriptor, workers * frames.SLOT.size)
        self._memory = mmap.mmap(self.descriptor, workers * frames.SLOT.size)

    def read(self, slot: int) -> tuple[int, float]:
        """The number of the request that a worker began last, and when (monotonic clock); 0 where none has begun there."""
        number, began = frames.SLOT.unpack_from(self._memory, slot * frames.SLOT.size)
        return number, began

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        os.close(self.descriptor)
