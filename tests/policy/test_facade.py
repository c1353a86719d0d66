"""The modules shaped like the vendor's SDK hold no logic: they translate, make one call of the public SDK, and wrap.

Held over the syntax tree, so that it cannot be forgotten.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "packages" / "onnxport-azureml" / "src" / "azureml"
FILES = sorted(PACKAGE.rglob("*.py"))
PUBLIC = {"DeployOptions", "OnnxportError", "Workspace"}
NOUNS = {"models", "endpoints", "images", "bundles", "environments", "scripts"}
MOST_STATEMENTS = 20
DEPENDENCIES = {"yaml"}


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def native_calls(node: ast.AST) -> list[ast.Call]:
    """Calls such as `workspace.native.models.register(...)`."""
    return [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Attribute)
        and call.func.value.attr in NOUNS
        and isinstance(call.func.value.value, ast.Attribute)
        and call.func.value.value.attr in {"native", "_native"}
    ]


def statements(function: ast.FunctionDef) -> int:
    nested = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
    return nested - (ast.get_docstring(function) is not None)


def named(file: Path, function: ast.FunctionDef) -> str:
    return f"{file.relative_to(PACKAGE)}: {function.name}"


def test_there_is_something_to_check():
    assert len(FILES) > 30
    calls = [call for file in FILES for call in native_calls(ast.parse(file.read_text()))]
    assert len(calls) > 20


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_public_names_are_imported(file):
    wrong = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
            wrong += [one for one in names if not is_allowed(one)]
        elif isinstance(node, ast.ImportFrom):
            if node.module == "onnxport":
                wrong += [one.name for one in node.names if one.name not in PUBLIC]
            elif node.level or not is_allowed(node.module or "", parts=False):
                wrong.append(node.module)

    assert [] == wrong


def is_allowed(module: str, *, parts: bool = True) -> bool:
    if module == "onnxport":
        return parts
    return module.partition(".")[0] in {"azureml", *DEPENDENCIES, *sys.stdlib_module_names}


def test_a_method_makes_at_most_one_call_of_the_sdk():
    several = [
        named(file, function)
        for file in FILES
        for function in functions(file)
        if len(native_calls(function)) > 1
    ]

    assert [] == several


def test_no_call_of_the_sdk_is_in_a_loop():
    loops = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    looping = [
        named(file, function)
        for file in FILES
        for function in functions(file)
        for node in ast.walk(function)
        if isinstance(node, loops) and native_calls(node)
    ]

    assert [] == looping


def test_functions_are_short_and_nothing_waits():
    long = [
        (named(file, function), count)
        for file in FILES
        for function in functions(file)
        if (count := statements(function)) > MOST_STATEMENTS
    ]
    waiting = [
        named(file, function)
        for file in FILES
        for function in functions(file)
        if any(isinstance(node, ast.While) for node in ast.walk(function))
    ]

    assert ([], []) == (long, waiting)
