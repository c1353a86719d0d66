"""Opening an ExportedProgram without running what is in the file.

`torch.export.load` trusts its files in three places: tensors that it cannot read safely it unpickles, sizes are evaluated as Python by
sympy, and operators are looked up by any name below `torch`. Each is held to what exported models need while a file is opened.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch._export.serde.serialize import GraphModuleDeserializer
from torch.export import ExportedProgram
from torch.export.pt2_archive import _package

from onnxport.converter.interface import ConversionRefused

_OPERATORS = re.compile(
    r"torch\.ops\.(aten|prims|prim|higher_order|quantized_decomposed|torchvision|torchaudio|_c10d_functional)\.\w+(\.\w+)?"
    r"|_operator\.(add|sub|mul|floordiv|truediv|mod|pow|neg|pos|abs|getitem|eq|ne|lt|le|gt|ge|and_|or_|xor|not_|index|lshift|rshift)"
    r"|math\.\w+|torch\.(_?sym_\w+|_check\w*)"
)
_TOUCH_FILES = re.compile(r"torch\.ops\.\w+\.(from_file|save|load)\b")
_LOOKED_UP = ("torch", "_operator", "math", "#")
_SYMBOL = re.compile(r"Symbol\('\w+'(, \w+=(True|False))*\)")
_SIZES = re.compile(r"[\w\s+\-*/%(),.<>=!&|~^]*")
_SIZE_NAMES = re.compile(r"[a-z]{1,4}\d+|e")
_TERMS = {
    "Add",
    "Mul",
    "Pow",
    "Integer",
    "Rational",
    "Float",
    "Max",
    "Min",
    "Mod",
    "Eq",
    "Ne",
    "Abs",
}
_TERMS |= {
    "evaluate",
    "precision",
    "StrictLessThan",
    "StrictGreaterThan",
    "LessThan",
    "GreaterThan",
}
_TERMS |= {"Equality", "Unequality", "And", "Or", "Not", "Half", "Zero", "One", "NegativeOne"}
_TERMS |= {"sqrt", "floor", "ceiling", "oo", "int_oo", "True", "False"}


def load_program(source: Path, *, trusted: bool) -> ExportedProgram:
    """The program; where the file is not trusted, none of its code is run. Raises `ConversionRefused`."""
    refusals: list[ConversionRefused] = []
    with source.open("rb") as file, ExitStack() as guards:
        if not trusted:
            guards.enter_context(_guarded(source.name, refusals))
        try:
            return torch.export.load(file)
        except Exception:
            # PyTorch wraps what was raised within.
            if refusals:
                raise refusals[0] from None
            raise


@contextmanager
def _guarded(name: str, refusals: list[ConversionRefused]) -> Iterator[None]:
    operator, sizes = (
        GraphModuleDeserializer.deserialize_operator,
        GraphModuleDeserializer._parse_sym_expr,  # noqa: SLF001
    )
    load: Callable[..., Any] = torch.load

    def refused(what: str) -> ConversionRefused:
        refusals.append(_refused(name, what))
        return refusals[-1]

    def only_tensors(*given: Any, **options: Any) -> Any:
        try:
            return load(*given, **{**options, "weights_only": True, "map_location": "cpu"})
        except Exception as error:
            if "weights_only" not in str(error) and "Weights only" not in str(error):
                raise
            raise refused("objects that are not tensors") from None

    def known_operator(self: Any, target: str) -> Any:
        if target.startswith(_LOOKED_UP) and (
            not _OPERATORS.fullmatch(target) or _TOUCH_FILES.match(target)
        ):
            raise refused(f"the operator '{target}', which is not one of PyTorch's own")
        return operator(self, target)

    def plain_size(self: Any, size: Any, hint: Any = None) -> Any:
        # Parts of what was read once come again, as formulas of sympy's.
        if isinstance(size, str) and not _is_formula(size, set(self.sympy_functions)):
            raise refused(f"a size that is no formula of sizes ({size[:80]})")
        return sizes(self, size, hint)

    def no_binary(*_: Any, **__: Any) -> Any:
        raise refused("compiled code")

    with ExitStack() as patches:
        for place, attribute, guard in (
            (torch, "load", only_tensors),
            (GraphModuleDeserializer, "deserialize_operator", known_operator),
            (GraphModuleDeserializer, "_parse_sym_expr", plain_size),
            (_package, "_load_aoti", no_binary),
        ):
            patches.enter_context(_replaced(place, attribute, guard))
        yield


def _is_formula(text: str, functions: set[str]) -> bool:
    """Whether a text is nothing but numbers, symbols and functions of sizes."""
    formula = _SYMBOL.sub("s0", text)
    words = re.findall(r"[A-Za-z_]\w*", formula)
    known = all(w in functions or w in _TERMS or _SIZE_NAMES.fullmatch(w) for w in words)
    strange = re.search(r"\.\D|\*\*\s*\d{3}", formula)
    return known and strange is None and _SIZES.fullmatch(formula) is not None


@contextmanager
def _replaced(place: Any, attribute: str, value: Any) -> Iterator[None]:
    original = getattr(place, attribute)
    setattr(place, attribute, value)
    try:
        yield
    finally:
        setattr(place, attribute, original)


def _refused(name: str, what: str) -> ConversionRefused:
    return ConversionRefused(
        f"{name} holds {what}, which can run code when it is opened",
        "If you know where the file comes from and vouch for it, run again with --trust.",
    )
