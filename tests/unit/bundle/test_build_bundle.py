"""Building bundles: content, digest, immutability, races, damage."""

import hashlib
import json
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import BundleDamaged, NotServable, SampleRequest
from onnxport.bundle.publish import remove_unfinished
from onnxport.bundle.verify import verify
from onnxport.domain.conversion import Conversion, Proof
from onnxport.domain.dtype import DType
from onnxport.domain.model import Lineage, ModelFile, ModelVersion
from onnxport.domain.signature import NamedValue, Signature, TensorType

CONTENT = {"model.onnx": b"not really a model", "weights/part 1.bin": b"\x00\x01"}
SAMPLE = SampleRequest(b'{"data": [1]}', "application/json", "user")


def make_version(**changes) -> ModelVersion:
    value = NamedValue("x", TensorType(DType.FLOAT32, (None, 4)))
    files = tuple(
        ModelFile(path, len(body), hashlib.sha256(body).hexdigest())
        for path, body in CONTENT.items()
    )
    version = ModelVersion(
        name="iris",
        version=3,
        digest="sha256:" + "0" * 64,
        size=20,
        framework="onnx",
        framework_version=None,
        main_file="model.onnx",
        files=files,
        signature=Signature((value,), (value,)),
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(version, **changes)


def place(version: ModelVersion, directory: Path) -> None:
    for path, body in CONTENT.items():
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / path).write_bytes(body)


def test_a_bundle_holds_the_model_the_sample_and_a_manifest_whose_digest_names_it(tmp_path):
    bundle = build_bundle(tmp_path, [make_version()], place, SAMPLE)

    files = {p.relative_to(bundle.directory).as_posix() for p in bundle.directory.rglob("*.*")}
    assert files == {
        "bundle.json",
        "models/iris/3/model.onnx",
        "models/iris/3/weights/part 1.bin",
        "sample/request.json",
    }
    manifest = (bundle.directory / "bundle.json").read_bytes()
    assert bundle.digest == "sha256:" + hashlib.sha256(manifest).hexdigest()
    assert bundle.directory.name == bundle.digest.removeprefix("sha256:")
    assert json.loads(manifest)["sample"]["origin"] == "user"
    assert verify(bundle.directory) == bundle


def test_the_same_inputs_give_the_same_digest_wherever_they_lie(tmp_path):
    here = build_bundle(tmp_path / "one", [make_version()], place, SAMPLE)
    there = build_bundle(tmp_path / "two ü", [make_version()], place, SAMPLE)

    assert here.digest == there.digest


@pytest.mark.parametrize(
    "other",
    [
        SampleRequest(b"{}", "application/json", "user"),
        SampleRequest(SAMPLE.body, "application/json", "proof"),
        None,
    ],
    ids=["other body", "other origin", "none"],
)
def test_another_sample_is_another_bundle(tmp_path, other):
    first = build_bundle(tmp_path, [make_version()], place, SAMPLE)

    assert build_bundle(tmp_path, [make_version()], place, other).digest != first.digest


def test_an_existing_bundle_is_used_again_without_placing_a_file(tmp_path):
    first = build_bundle(tmp_path, [make_version()], place)

    def refuse(version, directory):
        raise AssertionError("the model was placed twice")

    assert build_bundle(tmp_path, [make_version()], refuse) == first


def test_the_proof_of_a_version_travels_with_it(tmp_path):
    conversion = Conversion("sklearn", "1.7", "m.joblib", None, "sklearn", {}, 21, "2026-01-01")
    proof = Proof("ab" * 32, True, None, conversion, (), ())

    bundle = build_bundle(tmp_path, [make_version(lineage=Lineage(proof=proof))], place)

    path = bundle.manifest.models[0].proof
    assert path == "models/iris/3/model.onnx.proof.json"
    assert Proof.from_json(json.loads((bundle.directory / path).read_bytes())) == proof


def test_a_version_that_is_not_onnx_is_refused_with_its_reference(tmp_path):
    with pytest.raises(NotServable, match="models:/iris/3"):
        build_bundle(tmp_path, [make_version(main_file=None)], place)


def test_a_build_that_fails_leaves_nothing(tmp_path):
    def fail(version, directory):
        (directory / "half").write_bytes(b"half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        build_bundle(tmp_path, [make_version()], fail)

    assert list(tmp_path.iterdir()) == []


def test_builds_at_the_same_time_make_one_bundle(tmp_path):
    barrier = threading.Barrier(4)
    bundles = []

    def slow(version, directory):
        barrier.wait(5)
        place(version, directory)

    threads = [
        threading.Thread(
            target=lambda: bundles.append(build_bundle(tmp_path, [make_version()], slow))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({bundle.directory for bundle in bundles}) == 1
    assert len(bundles) == 4
    assert list(tmp_path.iterdir()) == [bundles[0].directory]


def test_what_a_killed_build_left_is_removed_and_a_running_one_is_let_be(tmp_path):
    child = os.fork()
    if child == 0:
        build_bundle(tmp_path, [make_version()], lambda *_: os.kill(os.getpid(), 9))
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 1

    counts = []
    build_bundle(
        tmp_path,
        [make_version()],
        lambda v, d: (place(v, d), counts.append(remove_unfinished(tmp_path))),
    )

    assert counts == [0]
    assert len(list(tmp_path.iterdir())) == 1


def damage_content(directory: Path) -> None:
    path = directory / "models/iris/3/model.onnx"
    path.unlink()
    path.write_bytes(CONTENT["model.onnx"][::-1])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (damage_content, "has changed"),
        (lambda d: (d / "models/iris/3/model.onnx").unlink(), "model.onnx is missing"),
        (lambda d: (d / "extra.txt").write_text("x"), "extra.txt does not belong"),
        (lambda d: (d / "link").symlink_to("/etc/passwd"), "link does not belong"),
        (lambda d: (d / "bundle.json").unlink(), "bundle.json cannot be read"),
        (lambda d: ((d / "bundle.json").unlink(), (d / "bundle.json").write_text("{}")), "not a"),
    ],
    ids=["content", "missing", "extra", "link", "no manifest", "other manifest"],
)
def test_damage_is_found_and_named(tmp_path, damage, why):
    bundle = build_bundle(tmp_path, [make_version()], place)
    damage(bundle.directory)

    with pytest.raises(BundleDamaged, match=why):
        verify(bundle.directory)


def test_a_damaged_bundle_is_not_used_again(tmp_path):
    bundle = build_bundle(tmp_path, [make_version()], place)
    (bundle.directory / "models/iris/3/weights/part 1.bin").unlink()

    with pytest.raises(BundleDamaged, match="missing"):
        build_bundle(tmp_path, [make_version()], place)
