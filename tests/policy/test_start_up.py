"""What is imported when: commands start fast, the supervisor stays small, the data plane stays lean."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVE = ROOT / "packages" / "onnxport-serve" / "src" / "onnxport_serve"
CONTROL = ROOT / "packages" / "onnxport" / "src" / "onnxport"
WORKER = SERVE / "worker"
HEAVY = {"sqlalchemy", "alembic", "onnx", "onnxruntime", "numpy", "rich", "PIL", "asyncio"}


def modules_after(code: str) -> set[str]:
    """Names of the top-level modules that are loaded after running `code` in a fresh interpreter."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.splitlines()}


def test_help_imports_nothing_heavy() -> None:
    loaded = modules_after(
        "import contextlib\nfrom onnxport.cli.main import cli\nwith contextlib.suppress(SystemExit):\n    cli(['--help'])"
    )

    assert set() == loaded & HEAVY


def test_import_onnxport_imports_nothing_heavy() -> None:
    assert set() == modules_after("import onnxport") & (HEAVY | {"click"})


def test_the_supervisor_imports_the_standard_library_only() -> None:
    loaded = modules_after("import onnxport_serve.supervisor")
    own = {"onnxport_serve"}
    foreign = {
        name for name in loaded if name not in sys.stdlib_module_names and not name.startswith("_")
    } - own
    # The interpreter's own site hooks (editable installs, virtual environments) are not the supervisor's imports.
    foreign -= modules_after("pass")

    assert set() == foreign | (loaded & {"asyncio", "ssl"})


def test_the_worker_needs_nothing_but_python_3_8() -> None:
    """It runs beside the user's packages: `inference_schema` is looked at only where the script has imported it."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        for path in WORKER.rglob("*.py")
    ]
    imported = {
        name.partition(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        if not (isinstance(node, ast.ImportFrom) and node.level)
        for name in _imported(node)
    }

    assert len(trees) > 20
    assert {"onnxport_worker", "azureml", "inference_schema"} == imported - sys.stdlib_module_names


def test_what_runs_in_a_kernel_needs_nothing_but_python_3_8() -> None:
    """It runs beside a notebook's packages: `urllib3` is looked at only where `requests` has been imported."""
    trees = [
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
        for path in (CONTROL / "mirror" / "hook").rglob("*.py")
    ]
    imported = {
        name.partition(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        for name in _imported(node)
    }

    assert len(trees) > 10
    assert {"urllib3"} == imported - sys.stdlib_module_names


def test_what_shuts_a_converter_in_needs_nothing_but_python_3_8() -> None:
    """It runs in the environments of old frameworks, before anything else is imported there."""
    inside = CONTROL / "converter" / "inside"
    trees = [
        ast.parse((inside / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))
        for name in ("landlock", "mounts", "readable", "run", "sandbox")
    ]
    imported = {
        name.partition(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        for name in _imported(node)
    }

    assert {"onnxport"} == imported - sys.stdlib_module_names


def test_the_data_plane_uses_few_third_party_modules() -> None:
    """A new dependency of the endpoint process is a decision: change this set in the same commit and say why."""
    imported = {
        name.partition(".")[0]
        for path in SERVE.rglob("*.py")
        if WORKER not in path.parents
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }

    assert {"numpy", "onnxruntime", "orjson", "httptools", "simdjson", "uvloop"} == {
        name
        for name in imported
        if name not in sys.stdlib_module_names and name != "onnxport_serve"
    }


@pytest.mark.parametrize(
    "path", sorted(SERVE.rglob("*.py")), ids=lambda path: str(path.relative_to(SERVE))
)
def test_the_data_plane_never_imports_the_control_plane(path: Path) -> None:
    names = [
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    ]

    assert [] == [name for name in names if name == "onnxport" or name.startswith("onnxport.")]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []
