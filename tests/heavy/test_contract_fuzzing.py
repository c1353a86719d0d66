"""Schemathesis reads the endpoint's own OpenAPI document and holds the endpoint to it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from heavy.cases import FOLDER
from heavy.endpoints import Program
from heavy.test_no_request_lost import save_scaling_model

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
pytest.importorskip("schemathesis", reason="schemathesis is not installed (make test-heavy does)")

NOT_EXPRESSIBLE = "positive_data_acceptance"
"""A JSON schema cannot say that a shape and the number of values agree, nor what bytes a tensor may have."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program on a workspace of its own, everything stopped afterwards."""
    program = Program(tmp_path / "workspace")
    yield program
    program("down", "--yes")


def real_models() -> list[Path]:
    """A model made here and, where there are real ones, those with other kinds of values."""
    names = ("iris_randomforest", "text_sentiment_tfidf", "silero_vad", "logreg_iris")
    return [folder / "model.onnx" for name in names if (folder := FOLDER / name).is_dir()]


@pytest.mark.parametrize(
    "model", [None, *real_models()], ids=lambda path: path.parent.name if path else "scaling"
)
def test_the_endpoint_keeps_its_own_contract(
    model: Path | None, program: Program, tmp_path: Path
) -> None:
    path = model or save_scaling_model(tmp_path / "m.onnx", 2.0)
    address = program.deploy(path, "--name", "contract")
    schema = f"http://{address.host}:{address.port}/openapi.json"
    program_name = str(Path(sys.executable).with_name("schemathesis"))

    done = subprocess.run(
        [
            program_name,
            "run",
            schema,
            "--checks",
            "all",
            "--exclude-checks",
            NOT_EXPRESSIBLE,
            "--max-examples",
            "60",
            "--seed",
            "1",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=800,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert json.loads(address.request("GET", "/openapi.json")[2])["openapi"].startswith("3.1")
