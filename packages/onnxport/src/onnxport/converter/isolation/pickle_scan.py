"""Following a pickle without running it: every name it would import becomes an inert class that only remembers what it was given.

joblib's files are pickles with the bytes of arrays between the instructions; those are skipped. Dictionaries keep only keys that are text
or integers, and sets keep nothing, because hashing what a hostile file built can take for ever. Long values are passed over, and what is
read, unpacked and built is bounded: a scan ends, in memory that does not depend on the file.
"""

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, ClassVar, Self

_LONGEST_SCAN = 256 << 20
_LONGEST_UNPACKED = 4 << 30
_MOST_INSTRUCTIONS = 3_000_000
_MOST_IMPORTS = 10_000
_LONGEST_KEPT = 4096
_LONGEST_FRAME = 64 << 20
_AT_ONCE = 1 << 20
# What pickles of the protocols 0 and 1 can begin with, which do not say that they are pickles: objects, containers, names.
_OLD_BEGINNINGS = b"(c]})l"
_JOBLIB_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"
_COMPRESSED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
    b"]\x00\x00": lzma.LZMAFile,
    b"x\x01": lambda file: io.BufferedReader(_Inflating(file)),
    b"x\x5e": lambda file: io.BufferedReader(_Inflating(file)),
    b"x\x9c": lambda file: io.BufferedReader(_Inflating(file)),
    b"x\xda": lambda file: io.BufferedReader(_Inflating(file)),
}


@dataclass(frozen=True)
class PickleScan:
    """What a pickle would do: the names it imports, in order; the type of what it holds; text values by the attribute that holds them.

    `complete` is false where the file ends early, is damaged, or is longer than a scan goes on.
    """

    imports: tuple[str, ...]
    root: str | None
    attributes: dict[str, str]
    is_joblib: bool
    complete: bool


def scan_pickle(path: Path) -> PickleScan | None:
    """Follow a pickle or joblib file, compressed or not; `None` when the file does not begin like one.

    Several converters ask about the same file: the last answers are kept as long as the file is the same.
    """
    status = path.stat()
    return _scan_file(path, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=8)
def _scan_file(path: Path, _: tuple[int, ...]) -> PickleScan | None:
    with path.open("rb") as raw:
        head = raw.read(8)
        raw.seek(0)
        opener = next((o for magic, o in _COMPRESSED.items() if head.startswith(magic)), None)
        try:
            return _scan(
                opener(raw) if opener else raw, compressed=opener is not None, plain=opener is None
            )
        except (OSError, EOFError, lzma.LZMAError, zlib.error):
            return None


def scan_pickle_stream(file: IO[bytes]) -> PickleScan:
    """Follow the pickle that a file object holds from where it stands, such as the `data.pkl` of an archive.

    What comes after it is not read. Nothing is found, and not completely, where it does not begin like a pickle.
    """
    found = None
    with suppress(OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile):
        found = _scan(file, compressed=False, plain=False)
    return found or PickleScan((), None, {}, is_joblib=False, complete=False)


def _scan(file: IO[bytes], *, compressed: bool, plain: bool) -> PickleScan | None:
    start = file.read(2)
    if len(start) < 2:
        return None
    says_so = start[0] == pickle.PROTO[0] and 2 <= start[1] <= pickle.HIGHEST_PROTOCOL
    if not says_so and start[:1] not in _OLD_BEGINNINGS:
        return None
    found = _follow(_Bounded(file, start, plain=plain), compressed=compressed)
    # Text can begin like an old pickle; it does not import names, nor come to an end.
    return found if says_so or found.complete or found.imports else None


def _follow(source: "_Bounded", *, compressed: bool) -> PickleScan:
    follower = _Follower(source)
    root, complete = None, True
    try:
        root = _name_of(follower.load())
    except Exception:  # whatever a damaged or hostile file leads to: the scan ends there
        complete = False
    imports = tuple(follower.imports)
    is_joblib = compressed or _JOBLIB_ARRAY in imports
    return PickleScan(imports, root, follower.attributes, is_joblib, complete)


def _name_of(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


class _Inert:
    """Stands for an object of any class: takes everything, does nothing."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *arguments: Any, **_: Any) -> Self:
        made = super().__new__(cls)
        made.arguments = arguments
        return made

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> "_Inert":
        return _Inert()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def append(self, _: Any) -> None:
        """Take a list's element."""

    def extend(self, _: Any) -> None:
        """Take a list's elements."""


class _Bounded:
    """The part of a file that the follower needs, up to a limit."""

    def __init__(self, file: IO[bytes], start: bytes, *, plain: bool) -> None:
        """Take over a file of which `start` was read; `plain` says that going past its bytes costs nothing."""
        self._file = file
        self._start = start
        self._plain = plain
        self._left = _LONGEST_SCAN
        self._left_to_pass = _LONGEST_UNPACKED
        self.instructions_left = _MOST_INSTRUCTIONS

    def read(self, count: int) -> bytes:
        if count > _LONGEST_FRAME:
            raise EOFError("longer than a frame is")
        self._take(count)
        begin, self._start = self._start[:count], self._start[count:]
        return begin + self._file.read(count - len(begin))

    def readline(self) -> bytes:
        begin, self._start = self._start, b""
        line = begin if begin.endswith(b"\n") else begin + self._file.readline(_AT_ONCE)
        self._take(len(line))
        return line

    def skip(self, count: int) -> None:
        if count < 0:
            raise EOFError("a length below zero")
        if self._plain:
            self._file.seek(count, io.SEEK_CUR)
            return
        self._left_to_pass -= count
        if self._left_to_pass < 0:
            raise EOFError("longer than a scan unpacks")
        while count > 0:
            passed = len(self._file.read(min(count, _AT_ONCE)))
            if not passed:
                raise EOFError("the file ends early")
            count -= passed

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise EOFError("longer than a scan goes on")


class _Counted(dict[int, Any]):
    """The follower's instructions, of which a file may take only so many."""

    def __init__(self, instructions: dict[int, Any], source: _Bounded) -> None:
        super().__init__(instructions)
        self._source = source

    def __getitem__(self, key: int) -> Any:
        self._source.instructions_left -= 1
        if self._source.instructions_left < 0:
            raise EOFError("more instructions than a scan follows")
        return super().__getitem__(key)


# The interpreter's own follower in Python is used because its instructions can be replaced one by one.
_Instructions: Any = pickle._Unpickler  # noqa: SLF001


class _Follower(_Instructions):  # type: ignore[misc]
    dispatch: ClassVar[dict[int, Any]] = dict(_Instructions.dispatch)

    def __init__(self, source: _Bounded, imports: "dict[str, type[_Inert]] | None" = None) -> None:
        super().__init__(source, encoding="bytes")
        self._source = source
        self.dispatch = _Counted(self.dispatch, source)  # type: ignore[misc]
        self.imports = {} if imports is None else imports
        self.attributes: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        full_name = f"{module}.{name}"
        if not full_name.replace(".", "").replace("<", "").replace(">", "").isidentifier():
            raise pickle.UnpicklingError("no name")
        if full_name not in self.imports:
            if len(self.imports) >= _MOST_IMPORTS:
                raise pickle.UnpicklingError("more names than a scan keeps")
            short = name.rpartition(".")[2]
            self.imports[full_name] = type(short, (_Inert,), {"__module__": module})
        return self.imports[full_name]

    def get_extension(self, code: int) -> None:
        raise pickle.UnpicklingError(f"extension code {code} is not followed")

    def persistent_load(self, _: Any) -> _Inert:
        return _Inert()

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, _Inert):
            target.state = state
        if isinstance(state, dict):
            texts = {k: v for k, v in state.items() if isinstance(k, str) and isinstance(v, str)}
            self.attributes.update(texts)
            if _name_of(target) == _JOBLIB_ARRAY:
                self._pass_array(state)

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _keep(self.stack[-1], [key, value])

    def load_setitems(self) -> None:
        items = self.pop_mark()
        _keep(self.stack[-1], items)

    def load_dict(self) -> None:
        made: dict[Any, Any] = {}
        _keep(made, self.pop_mark())
        self.append(made)

    def load_additems(self) -> None:
        self.pop_mark()

    def load_frozenset(self) -> None:
        self.pop_mark()
        self.append(frozenset())

    def load_binbytes(self) -> None:
        self.append(self._begin_of(4))

    def load_binbytes8(self) -> None:
        self.append(self._begin_of(8))

    def load_binunicode(self) -> None:
        self.append(self._begin_of(4).decode(errors="replace"))

    def load_binunicode8(self) -> None:
        self.append(self._begin_of(8).decode(errors="replace"))

    def _begin_of(self, width: int) -> bytes:
        """Bytes whose length stands before them; of many only the first are kept: they are numbers or prose, not names."""
        length = int.from_bytes(self.read(width), "little")
        begin: bytes = self.read(min(length, _LONGEST_KEPT))
        if length > _LONGEST_KEPT:
            self._pass(length - _LONGEST_KEPT)
        return begin

    def _pass(self, count: int) -> None:
        """Go past bytes: those of the frame that the interpreter's follower is in, then those of the file."""
        frame = self._unframer.current_frame
        if frame:
            count -= len(frame.read(count))
        self._source.skip(count)

    def _pass_array(self, state: dict[Any, Any]) -> None:
        """Go past the bytes of an array, which joblib writes right after the instruction that describes it."""
        kind = state["dtype"].arguments[0]
        if kind.startswith("O"):
            nested = _Follower(self._source, self.imports)
            nested.attributes = self.attributes
            nested.load()
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self._source.skip(self._source.read(1)[0])
        count = 1
        for length in state["shape"]:
            count *= length if isinstance(length, int) else _scalar(length)
        self._source.skip(count * _item_size(kind))

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.BINBYTES[0]] = load_binbytes
    dispatch[pickle.BINBYTES8[0]] = load_binbytes8
    dispatch[pickle.BINUNICODE[0]] = load_binunicode
    dispatch[pickle.BINUNICODE8[0]] = load_binunicode8
    dispatch[pickle.BYTEARRAY8[0]] = load_binbytes8
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.FROZENSET[0]] = load_frozenset


def _keep(target: Any, items: list[Any]) -> None:
    if isinstance(target, dict):
        pairs = zip(items[::2], items[1::2], strict=True)
        target.update({key: value for key, value in pairs if isinstance(key, (str, int))})


def _item_size(kind: str) -> int:
    size = int(kind[1:].partition("[")[0])
    return 4 * size if kind[0] == "U" else size


def _scalar(value: _Inert) -> int:
    """The value of a pickled numpy integer, as it stands in an array's shape."""
    return int.from_bytes(value.arguments[1], "little", signed=True)


class _Inflating(io.RawIOBase):
    """A zlib file as it unpacks, forwards only."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._unpacker = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        unpacked = b""
        while not unpacked and not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._file.read(_AT_ONCE)
            if not packed:
                break
            unpacked = self._unpacker.decompress(packed, len(buffer))
        buffer[: len(unpacked)] = unpacked
        return len(unpacked)
