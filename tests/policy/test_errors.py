"""Every error class can be found by a person who meets it: a code, a meaning, an entry in the reference."""

import importlib
import pkgutil
from pathlib import Path

import onnxport
from onnxport.errors import OnnxportError, PlatformError, UserError

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def error_classes() -> set[type[OnnxportError]]:
    """All error classes of the control plane, the roots of the tree aside."""
    for module in pkgutil.walk_packages(onnxport.__path__, "onnxport."):
        if not {"migrations", "inside"} & set(
            module.name.split(".")
        ) and not module.name.rpartition(".")[2].startswith("_"):
            importlib.import_module(module.name)
    found: set[type[OnnxportError]] = set()
    waiting = [UserError, PlatformError]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    own = {kind for kind in found if kind.__module__.startswith("onnxport.")}
    return own - {UserError, PlatformError}


def test_every_error_has_a_code_of_its_own() -> None:
    inherited = [kind.__name__ for kind in error_classes() if "code" not in vars(kind)]

    assert [] == inherited


def test_no_two_errors_share_a_code() -> None:
    codes = sorted(kind.code for kind in error_classes())

    assert sorted(set(codes)) == codes


def test_every_error_says_when_it_is_raised() -> None:
    assert [] == [kind.__name__ for kind in error_classes() if not (kind.__doc__ or "").strip()]


def test_every_code_is_in_the_reference() -> None:
    page = REFERENCE.read_text(encoding="utf-8")

    assert [] == [kind.code for kind in error_classes() if f"`{kind.code}`" not in page]
