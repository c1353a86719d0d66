"""The terminal sessions in the README and in guides are run again: commands and what they print.

A `code-block` with a caption is a file of that name, there from the beginning.

In a `console` block a line that starts with `$ ` is a command; what follows is what it printed. `…` stands for anything in a line, a line with only `…` for any lines.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

ROOT = Path(__file__).parents[2]
FROM_AN_INDEX = [
    "docs/guides/scoring-scripts.md",
    "docs/guides/environments.md",
    "docs/guides/run-notebooks.md",
]
PAGES = [
    "README.md",
    *(pytest.param(page, marks=pytest.mark.network) for page in FROM_AN_INDEX),
]


def sessions(page: str) -> list[list[tuple[str, list[str]]]]:
    """The sessions of a page: commands with the lines that they print."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [_steps(block) for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)]


def write_files(page: str, folder: Path) -> None:
    """The files that a page shows."""
    text = (ROOT / page).read_text(encoding="utf-8")
    block = r"```\{code-block\} \w+\n:caption: (\S+)\n\n(.*?)```"
    for name, content in re.findall(block, text, re.DOTALL):
        (folder / name).write_text(content, encoding="utf-8")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A folder with the reader's model, and a workspace of its own."""
    save_flower_classifier(tmp_path / "iris.onnx")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "ONNXPORT_WORKSPACE": str(tmp_path / "workspace"),
        "PATH": path,
        "COLUMNS": "120",
    }
    yield environment
    subprocess.run(["onnxport", "down", "--yes"], env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("page", PAGES)
def test_a_documented_session_prints_what_the_page_says(
    page: str, environment: dict[str, str], tmp_path: Path
) -> None:
    steps = [step for session in sessions(page) for step in session]
    assert steps, f"{page} shows no session"
    write_files(page, tmp_path)
    for command, expected in steps:
        done = subprocess.run(
            ["bash", "-c", command], env=environment, cwd=tmp_path, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
        )  # fmt: skip

        assert _pattern(expected).fullmatch(done.stdout.rstrip() + "\n"), (
            f"$ {command}\n{done.stdout}"
        )


def test_a_session_that_prints_something_else_is_noticed() -> None:
    pattern = _pattern(["endpoint iris is …", "…", "done"])

    assert pattern.fullmatch("endpoint iris is ready\none\ntwo\ndone\n")
    assert not pattern.fullmatch("endpoint iris is ready\none\ntwo\n")


def _steps(block: str) -> list[tuple[str, list[str]]]:
    steps: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        elif steps:
            steps[-1][1].append(line)
    return steps


def _pattern(lines: list[str]) -> re.Pattern[str]:
    """A pattern for the printed text; blank lines at the end do not count."""
    parts = []
    for line in "\n".join(lines).strip().splitlines():
        parts.append(
            r"(?:.*\n)*?"
            if line.strip() == "…"
            else r".*?".join(map(_loose, line.split("…"))) + r"[ ]*\n"
        )
    return re.compile("".join(parts))


def _loose(text: str) -> str:
    """Runs of spaces match runs of spaces: column widths follow the values."""
    return r"[ ]+".join(re.escape(word) for word in re.split(r" +", text))


def save_flower_classifier(path: Path) -> None:
    """A linear classifier of four measurements into three kinds."""
    coefficients = [0.4, 1.3, -2.1, -0.9, 0.4, -1.5, 0.5, -1.3, -1.6, -1.4, 2.3, 2.4]
    node = helper.make_node(
        "LinearClassifier", ["measurements"], ["kind", "probabilities"], domain="ai.onnx.ml",
        coefficients=coefficients, intercepts=[0.2, 0.9, -1.1], classlabels_ints=[0, 1, 2],
        multi_class=1, post_transform="SOFTMAX",
    )  # fmt: skip
    graph = helper.make_graph(
        [node],
        "flowers",
        [helper.make_tensor_value_info("measurements", TensorProto.FLOAT, ["N", 4])],
        [
            helper.make_tensor_value_info("kind", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3]),
        ],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(
        helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="example"), path
    )
