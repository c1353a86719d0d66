"""From a model as its framework saved it to an answering endpoint in one command; what is kept, and what is refused."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake.converter_environment import run_script
from onnxport import ConvertOptions, OnnxportError, Workspace
from onnxport.service.conversion.convert import convert_file

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("deploy-conversion"),
]
PROGRAM = Path(sys.executable).with_name("onnxport")
MAKER = Path(__file__).with_name("deploy_models.py")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run_script("sklearn", MAKER, folder)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("workspace") / "w"
    yield root
    onnxport(root, "down")


def onnxport(root: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *map(str, words), "--workspace", str(root)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={**os.environ, "NO_COLOR": "1"},
    )


def deployed(root: Path, *words: str | Path) -> dict:
    done = onnxport(root, "deploy", *words, "--json")
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def asked(url: str, path: str, body: object = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, data), timeout=30) as answer:
        return answer.read().decode()


def test_one_command_leads_from_a_saved_model_to_an_endpoint_that_predicts_the_same(
    saved: Path, root: Path
) -> None:
    made = deployed(root, saved / "flowers.skops")
    answers = np.load(saved / "answers.npz")
    result = json.loads(asked(made["url"], "/score", {"data": answers["rows"].tolist()}))["result"]

    assert "flowers" == made["name"]
    assert answers["label"].tolist() == result["label"]
    np.testing.assert_allclose(result["probabilities"], answers["probabilities"], atol=1e-5)
    page = asked(made["url"], "/docs")
    assert '"proven":true' in page.replace(" ", "")
    assert "flowers.skops" in page


def test_the_registry_keeps_what_was_converted_with_version_pins_and_proof(
    saved: Path, root: Path, tmp_path: Path
) -> None:
    deployed(root, saved / "flowers.skops")
    workspace = Workspace.open(root)
    version = workspace.models.get("flowers")
    workspace.gc()
    original = workspace.models.download("flowers", tmp_path, source=True)

    assert (saved / "flowers.skops").read_bytes() == original.read_bytes()
    assert ["flowers.onnx"] == [file.path for file in version.files]
    conversion, proof = version.lineage.conversion, version.lineage.proof
    assert conversion is not None
    assert proof is not None
    assert ("sklearn", "skops") == (conversion.framework, conversion.kind)
    assert conversion.packages["scikit-learn"] == conversion.framework_version
    assert proof.proven


def test_the_same_file_again_is_not_converted_again(saved: Path, root: Path) -> None:
    first = deployed(root, saved / "flowers.skops")
    second = deployed(root, saved / "flowers.skops")

    assert first["models"] == second["models"]
    assert first["revision"] + 1 == second["revision"]


def test_a_file_that_runs_code_needs_trust_and_leaves_nothing_without(
    saved: Path, root: Path
) -> None:
    done = onnxport(root, "deploy", saved / "pickled.joblib", "-n", "pickled")

    assert 1 == done.returncode
    assert "--trust" in done.stderr
    assert "pickled" not in Workspace.open(root).models.names()
    assert "pickled" == deployed(root, "--trust", saved / "pickled.joblib", "-n", "pickled")["name"]


def test_an_unproven_conversion_is_deployed_only_if_allowed_and_the_page_says_so(
    saved: Path, root: Path
) -> None:
    refused = onnxport(root, "deploy", saved / "constant.skops")

    assert 1 == refused.returncode
    assert "not proven" in refused.stderr
    assert "--allow-unproven" in refused.stderr
    made = deployed(root, "--allow-unproven", saved / "constant.skops")
    assert '"proven":false' in asked(made["url"], "/docs").replace(" ", "")
    again = onnxport(root, "deploy", "models:/constant/1", "-n", "other")
    assert "not proven" in again.stderr


def test_the_plan_says_what_would_be_converted_and_changes_nothing(saved: Path, root: Path) -> None:
    done = onnxport(root, "deploy", "--dry-run", saved / "flowers.skops", "-n", "planned")

    assert "scikit-learn, skops" in done.stdout
    assert "planned" not in [view.name for view in Workspace.open(root).endpoints.list()]


def test_a_proof_of_another_file_is_no_origin(saved: Path, root: Path, tmp_path: Path) -> None:
    result = convert_file(saved / "flowers.skops", ConvertOptions(output=tmp_path / "m.onnx"))
    models = Workspace.open(root).models
    with pytest.raises(OnnxportError) as caught:
        models.register(result.output, "m", converted_from=saved / "constant.skops")

    assert "source_not_proven" == caught.value.code
    version = models.register(result.output, "m", converted_from=saved / "flowers.skops")
    assert ["flowers.skops"] == [file.path for file in version.lineage.source_files]
