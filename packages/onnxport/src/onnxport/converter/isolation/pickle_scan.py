"""Following a pickle without running it: every name it would import becomes an inert class that only remembers what it was given.

joblib's files are pickles with the bytes of arrays between the instructions; those are skipped. Dictionaries keep only keys that are text
or integers, and sets keep nothing, because hashing what a hostile file built can take for ever.
"""

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Self

_LONGEST_SCAN = 1 << 30
_JOBLIB_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"
_COMPRESSED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
    b"]\x00\x00": lzma.LZMAFile,
    b"x\x01": lambda file: _inflate(file),
    b"x\x5e": lambda file: _inflate(file),
    b"x\x9c": lambda file: _inflate(file),
    b"x\xda": lambda file: _inflate(file),
}


@dataclass(frozen=True)
class PickleScan:
    """What a pickle would do: the names it imports, in order; the type of what it holds; text values by the attribute that holds them.

    `complete` is false where the file ends early, is damaged, or is longer than a scan goes on (1 GiB unpacked).
    """

    imports: tuple[str, ...]
    root: str | None
    attributes: dict[str, str]
    is_joblib: bool
    complete: bool


def scan_pickle(path: Path) -> PickleScan | None:
    """Follow a pickle or joblib file, compressed or not; `None` when the file does not begin like one."""
    with path.open("rb") as raw:
        head = raw.read(8)
        raw.seek(0)
        opener = next((o for magic, o in _COMPRESSED.items() if head.startswith(magic)), None)
        try:
            file = opener(raw) if opener else raw
            start = file.read(2)
            file.seek(0)
        except (OSError, EOFError, lzma.LZMAError, zlib.error):
            return None
        if len(start) < 2 or start[0] != 0x80 or not 2 <= start[1] <= pickle.HIGHEST_PROTOCOL:
            return None
        return _follow(file, compressed=opener is not None)


def scan_stream(file: IO[bytes]) -> PickleScan:
    """Follow one uncompressed pickle from where a stream stands; what comes after it is not read."""
    return _follow(file, compressed=False)


def _follow(file: IO[bytes], *, compressed: bool) -> PickleScan:
    follower = _Follower(_Bounded(file))
    root, complete = None, True
    try:
        root = _name_of(follower.load())
    except Exception:  # whatever a damaged or hostile file leads to: the scan ends there
        complete = False
    imports = tuple(dict.fromkeys(follower.imports))
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

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = _LONGEST_SCAN

    def read(self, count: int) -> bytes:
        self._take(count)
        return self._file.read(count)

    def readline(self) -> bytes:
        line = self._file.readline(1 << 20)
        self._take(len(line))
        return line

    def skip(self, count: int) -> None:
        self._file.seek(count, io.SEEK_CUR)

    def tell(self) -> int:
        return self._file.tell()

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise EOFError("longer than a scan goes on")


# The interpreter's own follower in Python is used because its instructions can be replaced one by one.
_Instructions: Any = pickle._Unpickler  # noqa: SLF001


class _Follower(_Instructions):  # type: ignore[misc]
    dispatch: ClassVar[dict[int, Any]] = dict(_Instructions.dispatch)

    def __init__(self, source: _Bounded) -> None:
        super().__init__(source, encoding="bytes")
        self._source = source
        self.imports: list[str] = []
        self.attributes: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        full_name = f"{module}.{name}"
        self.imports.append(full_name)
        return type(name.rpartition(".")[2], (_Inert,), {"__module__": module})

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

    def _pass_array(self, state: dict[Any, Any]) -> None:
        """Go past the bytes of an array, which joblib writes right after the instruction that describes it."""
        kind = state["dtype"].arguments[0]
        if kind.startswith("O"):
            nested = _Follower(self._source)
            nested.imports, nested.attributes = self.imports, self.attributes
            nested.load()
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self._source.skip(self._source.read(1)[0])
        count = 1
        for length in state["shape"]:
            count *= length if isinstance(length, int) else _scalar(length)
        self._source.skip(count * _item_size(kind))

    dispatch[pickle.BUILD[0]] = load_build
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


def _inflate(file: IO[bytes]) -> IO[bytes]:
    unpacked = zlib.decompressobj().decompress(file.read(), _LONGEST_SCAN)
    return io.BytesIO(unpacked)
