"""Telling what package's object a pickle or joblib file holds, without opening it."""

from pathlib import Path

from onnxport.converter.interface import FileKind, Finding, Recognised
from onnxport.converter.isolation.pickle_scan import scan_pickle

# What fitted estimators of any package are made of, beside the package itself.
_EXPECTED_ROOTS = {"numpy", "scipy", "sklearn", "joblib", "copyreg", "_codecs", "collections"}
_EXPECTED_BUILTINS = {"bool", "bytearray", "complex", "dict", "float", "frozenset", "int", "list"}
_EXPECTED_BUILTINS |= {"object", "range", "set", "slice", "str", "tuple"}


def recognise_pickle(
    path: Path, packages: tuple[str, ...], pickled: FileKind, dumped: FileKind
) -> Recognised | None:
    """A pickle whose object is of one of the packages (the first is the framework's, others are part of it), else `None`.

    Where the file cannot be followed to its object, the first class of a package that it names counts. `pickled` is the kind of plain
    pickles, `dumped` that of joblib's files.
    """
    scan = scan_pickle(path)
    if scan is None:
        return None
    first = next((name for name in scan.imports if _root(name) in packages), "")
    if _root(scan.root or first) not in packages:
        return None
    unexpected = tuple(name for name in scan.imports if not _is_expected(name, packages))
    finding = Finding(scan.imports, unexpected, scan.complete)
    return Recognised(dumped if scan.is_joblib else pickled, finding)


def _root(name: str) -> str:
    return name.partition(".")[0]


def _is_expected(name: str, packages: tuple[str, ...]) -> bool:
    module, _, attribute = name.rpartition(".")
    if module in {"builtins", "__builtin__"}:
        return attribute in _EXPECTED_BUILTINS
    return _root(name) in {*_EXPECTED_ROOTS, *packages}
