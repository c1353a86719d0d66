"""Under steady load: redeployments, rollbacks, traffic changes and a killed serving process."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from heavy.endpoints import Program
from heavy.load import Load
from onnx import TensorProto, helper

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]
FACTORS = (2.0, 3.0, 4.0)
BODY = json.dumps({"data": [[1.0, 2.0, 3.0, 4.0]]}).encode()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program on a workspace of its own, everything stopped afterwards."""
    program = Program(tmp_path / "workspace")
    yield program
    program("down", "--yes")


def test_twenty_updates_under_load_lose_no_request(program: Program, tmp_path: Path) -> None:
    models = [save_scaling_model(tmp_path / f"times-{factor:g}.onnx", factor) for factor in FACTORS]
    address = program.deploy(models[0], "--name", "busy")
    with Load(address.host, address.port, BODY, is_scaled) as load:
        for number in range(20):
            change(program, models, number)
            load.wait_for(20)

    assert {} == load.outcome.failures
    assert load.outcome.right > 1000
    assert len(load.outcome.revisions) >= 8


def test_a_serving_process_that_is_killed_again_and_again_is_back_each_time(
    program: Program, tmp_path: Path
) -> None:
    address = program.deploy(save_scaling_model(tmp_path / "m.onnx", 2.0), "--name", "fragile")
    status_file = program.workspace / "endpoints" / "fragile" / "status.json"
    with Load(address.host, address.port, BODY, is_scaled, kept=2, fresh=2) as load:
        for _ in range(5):
            load.wait_for(50)
            os.kill(json.loads(status_file.read_text())["fronts"][0]["pid"], signal.SIGKILL)
            load.wait_for(50)

    assert not any(kind.startswith("status 5") for kind in load.outcome.failures)


def test_an_endpoint_survives_a_bad_update_under_load(program: Program, tmp_path: Path) -> None:
    address = program.deploy(save_scaling_model(tmp_path / "m.onnx", 2.0), "--name", "steady")
    sample = tmp_path / "wrong.json"
    sample.write_text('{"data": [[1, 2]]}')
    with Load(address.host, address.port, BODY, is_scaled) as load:
        done = program(
            "deploy",
            save_scaling_model(tmp_path / "n.onnx", 3.0),
            "--name",
            "steady",
            "--sample",
            sample,
        )
        load.wait_for(50)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "help:" in done.stderr
    assert {} == load.outcome.failures
    assert {"1"} == set(load.outcome.revisions)


def change(program: Program, models: list[Path], number: int) -> None:
    """One update: mostly redeployments, in between a rollback or a split."""
    if number % 5 == 3:
        done = program("rollback", "busy")
    elif number % 5 == 4:
        newest = max(
            revision["number"] for revision in program.read("endpoint", "show", "busy")["revisions"]
        )
        done = program("traffic", "busy", f"{newest - 1}=50", f"{newest}=50")
    else:
        done = program("deploy", models[number % len(models)], "--name", "busy")
    assert done.returncode == 0, done.stdout + done.stderr


def is_scaled(status: int, content: bytes) -> bool:
    """Whether the answer is the body times one of the factors."""
    if status != 200:
        return False
    row = json.loads(content)["result"][0]
    return row[0] in FACTORS and row == [row[0] * value for value in (1.0, 2.0, 3.0, 4.0)]


def save_scaling_model(path: Path, factor: float) -> Path:
    """A model that multiplies by a factor."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "scale",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor("factor", TensorProto.FLOAT, [], [factor])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


def test_the_load_notices_a_wrong_answer() -> None:
    assert not is_scaled(200, b'{"result": [[2.0, 4.0, 6.0, 9.0]]}')
    assert not is_scaled(500, b"")
    assert is_scaled(200, b'{"result": [[2.0, 4.0, 6.0, 8.0]]}')
