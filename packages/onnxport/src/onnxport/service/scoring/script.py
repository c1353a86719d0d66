"""A look at a scoring script without running it: is it Python, does it define `init` and `run`."""

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from onnxport.service.scoring.errors import ScriptIncomplete, ScriptInvalid

_NEEDED = ("init", "run")
_MAKES_NAMES = {"exec", "globals", "vars", "setattr", "locals"}
_VERSION = re.compile(r"3\.(\d{1,2})(\..*)?")


def check_script(path: Path, source: bytes, python: str | None = None) -> None:
    """Check the source of an entry script.

    Args:
        path: what the script is called in messages.
        source: its bytes.
        python: the version that will run it, where that is known: newer syntax is refused.

    Raises:
        ScriptInvalid: it is not Python, with the line.
        ScriptIncomplete: it surely lacks `init` or `run`; where names may come from elsewhere, it is taken at its word.
    """
    module = _parse(path, source, python)
    if _may_define_anything(module):
        return
    defined = set(_names(module.body))
    missing = [name for name in _NEEDED if name not in defined]
    if missing:
        raise ScriptIncomplete(path, missing)


def _parse(path: Path, source: bytes, python: str | None) -> ast.Module:
    found = _VERSION.fullmatch(python or "")
    version = (3, int(found[1])) if found else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful escape is the script's own business
            return ast.parse(source, str(path), feature_version=version)
    except SyntaxError as error:
        text = (error.text or "").strip()
        shown = f": {text[:80]}" if text and text.isprintable() else ""
        raise ScriptInvalid(path, error.lineno, f"{error.msg}{shown}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ScriptInvalid(path, None, str(error) or "it is nested too deeply") from None


def _may_define_anything(module: ast.Module) -> bool:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return True
        if isinstance(node, ast.Name) and node.id in _MAKES_NAMES:
            return True
    return False


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements of a module may bind: also those inside `if`, `try`, `with` and loops."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
            continue
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
            continue
        for node in ast.iter_child_nodes(statement):
            if isinstance(node, ast.stmt):
                yield from _names([node])
            elif isinstance(node, ast.ExceptHandler | ast.match_case):
                yield from _names(node.body)
            else:
                yield from _stored_names(node)


def _stored_names(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
