"""Registering real ONNX files and folders, and getting them back."""

import errno
import hashlib
import json
import os
import resource
from pathlib import Path

import numpy as np
import onnx
import pytest
from fake.models import save_scaling_model
from fake.onnx_models import external_tensor, make_adding_model
from onnxport import Workspace
from onnxport.domain.names import InvalidName
from onnxport.errors import PlatformError, UserError
from onnxport.inspect.errors import ModelRefused, NotAnOnnxModel
from onnxport.registry.blobs.interface import BlobDamaged, SourceUnreadable, StoreFull
from onnxport.registry.blobs.local import LocalBlobStore
from onnxport.service.model.errors import (
    DestinationTaken,
    InvalidLabel,
    ProofUnusable,
    SourceChanged,
    SourceMissing,
    SourceUnsuitable,
)


@pytest.fixture
def workspace(tmp_path):
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def models(workspace):
    return workspace.models


@pytest.fixture
def model(tmp_path):
    return save_scaling_model(tmp_path / "files" / "scale.onnx")


def write_proof(model: Path, sha256: str | None = None, **changes: object) -> Path:
    document = {
        "format": "onnxport-proof/1",
        "onnx_sha256": sha256 or hashlib.sha256(model.read_bytes()).hexdigest(),
        "proven": True,
        "reason": None,
        "conversion": {
            "framework": "sklearn",
            "framework_version": "1.7.2",
            "source_name": "scale.pkl",
            "source_sha256": None,
            "converter": "skl2onnx",
            "packages": {},
            "opset": 17,
            "created": "2026-01-01T00:00:00Z",
        },
        "outputs": [],
        "inputs": [{"origin": "sample", "rows": 10}],
        **changes,
    }
    path = model.with_name(model.name + ".proof.json")
    path.write_text(json.dumps(document))
    return path


def save_model_with_weights(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").mkdir()
    (folder / "weights" / "w.bin").write_bytes(np.ones(4, np.float32).tobytes())
    onnx.save(make_adding_model(external_tensor("w", [4], "weights/w.bin")), folder / "add.onnx")
    return folder / "add.onnx"


def test_an_onnx_file_becomes_a_version_with_its_signature(models, model):
    version = models.register(model, tags=["new"], properties={"area": "x"}, alias="champion")

    assert "models:/scale/1" == str(version.reference)
    assert ["x", "float32[N, 4]"] == [
        version.signature.inputs[0].name,
        str(version.signature.inputs[0].type),
    ]
    assert ("onnx", "scale.onnx", {"new": ""}) == (
        version.framework,
        version.main_file,
        version.tags,
    )
    assert str(model) == version.lineage.source
    for reference in ("scale", "models:/scale", "models:/scale/1", "models:/scale@champion"):
        assert version == models.get(reference)


def test_the_registered_bytes_do_not_follow_the_file(models, model, tmp_path):
    before = model.read_bytes()
    models.register(model)
    model.write_bytes(b"something else")

    assert before == models.download("scale", tmp_path / "back").read_bytes()


def test_external_data_comes_along_and_goes_back_to_its_place(models, tmp_path):
    path = save_model_with_weights(tmp_path / "files")
    (path.parent / "unrelated.txt").write_text("stays behind")
    models.register(path)

    back = models.download("add", tmp_path / "back")

    assert ["add.onnx", "weights/w.bin"] == [file.path for file in models.get("add").files]
    onnx.checker.check_model(str(back))
    assert (path.parent / "weights/w.bin").read_bytes() == (
        back.parent / "weights/w.bin"
    ).read_bytes()


def test_a_folder_is_taken_whole_but_for_hidden_files(models, model):
    folder = model.parent
    for name in ("labels.txt", "sub/more.txt", ".git/config", ".DS_Store", "sub/__pycache__/x.pyc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)

    version = models.register(folder, "scale")

    assert ["labels.txt", "scale.onnx", "sub/more.txt"] == [file.path for file in version.files]
    assert "scale.onnx" == version.main_file


def test_a_link_inside_a_folder_is_followed(models, model):
    (model.parent / "same.txt").symlink_to(model.name)

    version = models.register(model.parent, "scale")

    assert 1 == len({file.sha256 for file in version.files})


@pytest.mark.parametrize(
    "target", ["/etc/hostname", "../secret", "sub"], ids=["absolute", "upwards", "folder"]
)
def test_a_link_out_of_a_folder_is_refused(models, model, target):
    (model.parent.parent / "secret").write_text("secret")
    (model.parent / "sub").mkdir()
    (model.parent / "link").symlink_to(target)

    with pytest.raises(SourceUnsuitable, match="link"):
        models.register(model.parent)
    assert [] == models.names()


def test_a_pipe_is_refused_instead_of_waited_for(models, model):
    os.mkfifo(model.parent / "pipe")

    for path in (model.parent, model.parent / "pipe"):
        with pytest.raises(SourceUnsuitable, match="not a regular file"):
            models.register(path, "x", framework="test")


def test_another_kind_of_file_needs_its_framework(models, tmp_path):
    (tmp_path / "forest.pkl").write_bytes(b"\x80\x04pickled")

    with pytest.raises(UserError):
        models.register(tmp_path / "forest.pkl")
    version = models.register(tmp_path / "forest.pkl", framework="sklearn", framework_version="1.7")

    assert (None, None, "sklearn", "1.7") == (
        version.signature,
        version.main_file,
        version.framework,
        version.framework_version,
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"plain text, nothing else", NotAnOnnxModel),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", UserError),
    ],
    ids=["text", "lfs"],
)
def test_a_bad_file_leaves_nothing_behind(workspace, tmp_path, content, error):
    (tmp_path / "bad.onnx").write_bytes(content)

    with pytest.raises(error):
        workspace.models.register(tmp_path / "bad.onnx")

    assert [] == workspace.models.names()
    assert 0 == workspace.gc().blobs


def test_a_model_that_cannot_be_served_is_refused(models, tmp_path):
    """Its external data is missing."""
    path = save_model_with_weights(tmp_path / "files")
    (path.parent / "weights/w.bin").unlink()

    with pytest.raises(ModelRefused):
        models.register(path)


@pytest.mark.parametrize(
    "path", ["nothing.onnx", "file/inside", "with\0null"], ids=["missing", "inside-file", "null"]
)
def test_a_path_that_leads_nowhere_is_the_persons_mistake(models, tmp_path, path):
    (tmp_path / "file").write_text("x")

    with pytest.raises((SourceMissing, SourceUnsuitable)):
        models.register(tmp_path / path)


def test_a_file_that_may_not_be_read_is_the_persons_mistake(models, tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(b"x")
    opened = os.open

    def refuse(path, *arguments, **more):
        if str(path).endswith("/m"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *arguments, **more)

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(SourceUnreadable, match="Permission denied"):
        models.register(tmp_path / "m", framework="test")


def test_a_file_that_changes_meanwhile_is_not_registered(workspace, model, monkeypatch):
    """What was inspected has to be what was copied."""
    put = LocalBlobStore.put

    def put_and_write(store, source):
        blob = put(store, source)
        source.write_bytes(source.read_bytes() + b"more")
        return blob

    monkeypatch.setattr(LocalBlobStore, "put", put_and_write)

    with pytest.raises(SourceChanged, match=r"scale\.onnx changed"):
        workspace.models.register(model)

    assert [] == workspace.models.names()
    assert 1 == workspace.gc().blobs


def test_the_name_comes_from_the_path_unless_it_is_given(models, tmp_path):
    paths = ["My Model (1).onnx", "digits/model.onnx", "resnet50-v1.7.onnx"]
    names = [models.register(save_scaling_model(tmp_path / path)).name for path in paths]

    assert ["My-Model-1", "digits", "resnet50-v1.7"] == names
    assert "given" == models.register(tmp_path / paths[0], "given").name
    with pytest.raises(InvalidName):
        models.register(tmp_path / paths[0], "not/a name")


@pytest.mark.parametrize(
    "labels",
    [{"tags": {"": "x"}}, {"tags": {"a\n": "x"}}, {"tags": {"k" * 256: ""}}, {"tags": {"a": 1}}, {"tags": {"a": "\ud800"}},
     {"properties": {"a": "\0"}}, {"description": "\ud800"}, {"framework": "x" * 65}],
    ids=["empty", "control", "long", "number", "surrogate", "null", "description", "framework"],
)  # fmt: skip
def test_labels_that_cannot_be_kept_are_refused_before_anything_is_copied(
    workspace, tmp_path, labels
):
    (tmp_path / "m").write_bytes(b"x")

    with pytest.raises(InvalidLabel):
        workspace.models.register(tmp_path / "m", **{"framework": "test", **labels})

    assert 0 == workspace.gc().blobs


def test_a_proof_beside_the_model_is_picked_up(models, model):
    write_proof(model)

    version = models.register(model)

    assert version.lineage.proof.proven
    assert ("sklearn", "1.7.2") == (version.framework, version.framework_version)
    assert "skl2onnx" == version.lineage.conversion.converter
    assert version == models.get("scale")


def test_a_proof_travels_with_a_download(models, model, tmp_path):
    write_proof(model)
    models.register(model)

    back = models.download("scale", tmp_path / "back")

    assert models.get("scale").lineage.proof == models.register(back, "again").lineage.proof


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "of other bytes"),
        ("{}", "not a proof"),
        ("[" * 100_000, "not a proof"),
        ("\xff", "not a proof"),
        ('{"format": "x"}', "not a proof"),
    ],
    ids=["stale", "empty", "deep", "binary", "format"],
)
def test_a_proof_that_does_not_fit_is_not_attached_in_silence(workspace, model, content, why):
    path = write_proof(model, sha256="0" * 64)
    if content is not None:
        path.write_text(content, encoding="latin-1")

    with pytest.raises(ProofUnusable, match=why):
        workspace.models.register(model)

    assert [] == workspace.models.names()


def test_a_download_overwrites_nothing(models, model, tmp_path):
    models.register(model)
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "scale.onnx").write_text("mine")

    with pytest.raises(DestinationTaken, match=r"scale\.onnx"):
        models.download("scale", tmp_path / "back")

    assert [("scale.onnx", "mine")] == [
        (p.name, p.read_text()) for p in (tmp_path / "back").iterdir()
    ]


def test_a_download_of_damaged_bytes_fails_and_leaves_nothing(workspace, model, tmp_path):
    workspace.models.register(model)
    [blob] = workspace.root.glob("blobs/sha256/*/*")
    blob.chmod(0o644)
    blob.write_bytes(bytes([blob.read_bytes()[0] ^ 1]) + blob.read_bytes()[1:])

    with pytest.raises(BlobDamaged):
        workspace.models.download("scale", tmp_path / "back")

    assert [] == list((tmp_path / "back").iterdir())
    assert [blob.parent.name + blob.name] == [
        error.message.split("sha256:")[1][:64] for error in workspace.gc(verify=True).damaged
    ]


def test_materialised_files_share_storage_with_the_workspace(workspace, model, tmp_path):
    version = workspace.models.register(model)

    workspace.models.materialise(version, tmp_path / "bundle")

    assert model.read_bytes() == (tmp_path / "bundle/scale.onnx").read_bytes()
    assert 2 == (tmp_path / "bundle/scale.onnx").stat().st_nlink
    assert 1 == model.stat().st_nlink


def test_a_full_disk_is_named_and_nothing_is_half_done(workspace, tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(bytes(5_000_000))
    written, write = [], os.write

    def write_until_full(descriptor, data):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(descriptor)
        return write(descriptor, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_until_full)
        with pytest.raises(StoreFull, match=f"no room left in {workspace.root}/blobs") as caught:
            workspace.models.register(tmp_path / "m", framework="test")

    assert "workspace gc" in caught.value.remedy
    assert [] == workspace.models.names()
    assert [] == list(workspace.root.glob("blobs/*/*"))
    assert 1 == workspace.models.register(tmp_path / "m", framework="test").version


def test_a_limit_of_the_system_on_file_sizes_fails_the_same_way(workspace, tmp_path):
    (tmp_path / "m").write_bytes(bytes(5_000_000))
    assert [] == workspace.models.names()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        with pytest.raises(StoreFull):
            workspace.models.register(tmp_path / "m", framework="test")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [] == list(workspace.root.glob("blobs/*/*"))


def test_a_disk_that_is_too_small_is_known_before_anything_is_written(
    workspace, tmp_path, monkeypatch
):
    (tmp_path / "m").write_bytes(bytes(1000))
    usage = type("Usage", (), {"free": 999})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)

    with pytest.raises(StoreFull, match="1,000 bytes are needed, 999 are free"):
        workspace.models.register(tmp_path / "m", framework="test")


def test_a_database_that_cannot_be_written_is_the_platforms_failure(workspace, tmp_path):
    """The disk is full when the version is recorded: the bytes are there, the version is not, and gc removes the bytes."""
    (tmp_path / "m").write_bytes(b"x")
    assert [] == workspace.models.names()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(PlatformError, match=r"registry\.db"):
            workspace.models.register(tmp_path / "m", framework="test")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert [] == workspace.models.names()
    assert 1 == workspace.gc().blobs
