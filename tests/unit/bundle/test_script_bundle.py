"""Bundles of kind `script`: what they hold, where it lies, what their manifest says."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import SampleRequest, Scoring, ScoringCode, ScoringEnvironment
from onnxport.bundle.rules import check_manifest
from onnxport.bundle.verify import verify
from onnxport.domain.model import ModelFile, ModelVersion
from onnxport_serve.documents import parse_manifest

YML = b"name: myenv\n# kept as it is\n"
ENVIRONMENT = ScoringEnvironment(
    "3.11", "numpy==2.3.1 --hash=sha256:00\n", ("linux_x86_64",), "myenv.yml", YML, {"MODE": "fast"}
)
SINGLE = Scoring(ScoringCode({"score.py": b"def init(): ..."}, "score.py", None), ENVIRONMENT)
FOLDER = Scoring(
    ScoringCode(
        {"my app/score.py": b"import lib", "my app/lib/__init__.py": b""},
        "my app/score.py",
        "my app",
    ),
    ENVIRONMENT,
)
WEIGHTS = b"weights"


def make_version(name: str = "bert", version: int = 2) -> ModelVersion:
    file = ModelFile("sub/weights.pt", len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())
    return ModelVersion(
        name,
        version,
        "sha256:" + "0" * 64,
        len(WEIGHTS),
        "custom",
        None,
        None,
        (file,),
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def place(version: ModelVersion, directory: Path) -> None:
    (directory / "sub").mkdir()
    (directory / "sub/weights.pt").write_bytes(WEIGHTS)


def paths_in(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def test_a_script_bundle_holds_code_lock_specification_and_every_model(tmp_path):
    models = [make_version(), make_version("labels", 1)]
    bundle = build_bundle(tmp_path, models, place, None, SINGLE)

    assert {
        "bundle.json",
        "code/score.py",
        "environment/myenv.yml",
        "environment/requirements.lock",
        "models/bert/2/sub/weights.pt",
        "models/labels/1/sub/weights.pt",
    } == paths_in(bundle.directory)
    assert YML == (bundle.directory / "environment/myenv.yml").read_bytes()
    assert verify(bundle.directory) == bundle


def test_the_manifest_says_what_the_data_plane_reads(tmp_path):
    sample = SampleRequest(b"\xff\xd8", "image/jpeg", "user")
    bundle = build_bundle(tmp_path, [make_version()], place, sample, SINGLE)

    read = parse_manifest((bundle.directory / "bundle.json").read_bytes())

    lock = ENVIRONMENT.lock.encode()
    assert ("script", None) == (read.kind, read.signature)
    assert ("code", "score.py", None) == (
        read.code.directory,
        read.code.entry_script,
        read.code.source_directory,
    )
    assert ("3.11", "environment/requirements.lock", hashlib.sha256(lock).hexdigest()) == (
        read.environment.python,
        read.environment.lock,
        read.environment.lock_sha256,
    )
    assert ({"MODE": "fast"}, "environment/myenv.yml") == (
        read.environment.variables,
        read.environment.specification,
    )
    assert ("sample/request.bin", "image/jpeg") == (read.sample.path, read.sample.content_type)
    assert ("models/bert/2", None, "custom") == (
        read.models[0].path,
        read.models[0].file,
        read.models[0].framework,
    )


def test_a_source_folder_keeps_its_name(tmp_path):
    bundle = build_bundle(tmp_path, [], place, None, FOLDER)

    code = json.loads((bundle.directory / "bundle.json").read_bytes())["code"]
    assert {
        "directory": "code",
        "entry_script": "my app/score.py",
        "source_directory": "my app",
    } == code
    assert b"import lib" == (bundle.directory / "code/my app/score.py").read_bytes()


def test_a_specification_named_like_the_lock_is_kept_apart(tmp_path):
    named = replace(ENVIRONMENT, specification_name="requirements.lock")

    bundle = build_bundle(tmp_path, [], place, None, replace(SINGLE, environment=named))

    assert "environment/given/requirements.lock" == bundle.manifest.environment.specification
    assert verify(bundle.directory) == bundle


def test_other_code_lock_or_variables_are_another_bundle(tmp_path):
    def digest(scoring: Scoring) -> str:
        return build_bundle(tmp_path, [], place, None, scoring).digest

    changed = [
        replace(SINGLE, code=ScoringCode({"score.py": b"#"}, "score.py", None)),
        replace(SINGLE, environment=replace(ENVIRONMENT, lock="other\n")),
        replace(SINGLE, environment=replace(ENVIRONMENT, specification=b"")),
        replace(SINGLE, environment=replace(ENVIRONMENT, variables={})),
        replace(SINGLE, environment=replace(ENVIRONMENT, python="3.8")),
    ]

    assert 6 == len({digest(scoring) for scoring in [SINGLE, *changed]})


def test_what_is_built_keeps_the_rules(tmp_path):
    for scoring in (SINGLE, FOLDER):
        check_manifest(build_bundle(tmp_path, [make_version()], place, None, scoring).manifest)
