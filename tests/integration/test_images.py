"""Images and bundles by digest: built once, deployed later, carried elsewhere; labels and settings of endpoints that are there."""

import json

import pytest
from fake.models import save_scaling_model
from fake.own_interpreter import use_own_interpreter
from onnxport import DeployOptions, Workspace
from onnxport.cli.main import main
from onnxport.registry.errors import EndpointExists, ImageNotFound, PropertyFixed
from onnxport.service.bundles import BundleNotFound
from onnxport.service.endpoint.errors import InvalidOption
from onnxport.service.model.errors import InvalidLabel
from onnxport.service.progress import NoProgress
from onnxport.service.scoring.errors import ScriptUnreadable

SCRIPT = "from azureml.core.model import Model\n\n\ndef init():\n    pass\n\n\ndef run(data):\n    return Model.get_model_path('double')\n"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    use_own_interpreter(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "score.py").write_text(SCRIPT)
    (tmp_path / "requirements.txt").write_text("numpy\n")
    workspace = Workspace.open(tmp_path / "ws")
    workspace.models.register(save_scaling_model(tmp_path / "double.onnx"), "double")
    yield workspace
    workspace.endpoints.down()


@pytest.fixture
def image(workspace):
    return workspace.images.create(
        "scorer", "score.py", env="requirements.txt", models=["models:/double/1"], tags=["a"]
    )


def test_an_image_is_deployed_by_its_digest_and_kept_from_tidying(workspace, image):
    deployment = workspace.endpoints.deploy_bundle(image.digest, "one")

    assert ({"a": ""}, "scorer:1") == (image.tags, image.reference)
    assert "environment: Python" in image.log
    assert ["models:/double/1"] == [str(one.reference) for one in deployment.models]
    answer = workspace.endpoints.score("one", b"{}")
    assert (200, True) == (answer.status, json.loads(answer.body).endswith("double.onnx"))
    assert image.digest in workspace._registry.images.digests()


def test_what_cannot_be_read_is_told_and_nothing_recorded(workspace):
    with pytest.raises(ScriptUnreadable):
        workspace.images.create("scorer", "absent.py", env="requirements.txt")
    assert [] == workspace.images.list()
    with pytest.raises(BundleNotFound):
        workspace.endpoints.deploy_bundle("sha256:" + "0" * 64)
    with pytest.raises(ImageNotFound):
        workspace.images.get("scorer")


def test_the_command_lists_shows_and_deletes(workspace, image, capsys):
    place = ["--workspace", str(workspace.root)]
    assert 0 == main(["image", "list", "--json", *place])
    assert ["scorer"] == [one["name"] for one in json.loads(capsys.readouterr().out)]
    assert 0 == main(["image", "show", "scorer", *place])
    assert "bundle sha256:" in capsys.readouterr().out
    assert 0 == main(["image", "delete", "scorer", "1", "--yes", *place])
    assert 1 == main(["image", "show", "scorer", *place])


def test_a_bundle_from_elsewhere_runs_without_its_models_being_registered(
    workspace, image, tmp_path
):
    archive = workspace.bundles.export(image.digest, tmp_path / "b.tar.gz")
    other = Workspace.open(tmp_path / "other")
    digest = other.bundles.import_archive(archive).view.digest
    told = []

    class Told(NoProgress):
        def notice(self, text):
            told.append(text)

    deployment = other.endpoints.deploy_bundle(digest, progress=Told())
    try:
        assert ("double", ()) == (deployment.endpoint.name, deployment.models)
        assert ["models:/double/1 is in the bundle, and not registered in this workspace"] == told
        assert 200 == other.endpoints.score("double", b"{}").status
    finally:
        other.endpoints.down()


def test_labels_and_limits_change_without_a_revision_and_cores_with_one(workspace):
    options = DeployOptions(description="d", tags={"a": "b"}, must_be_new=True)
    workspace.endpoints.deploy("models:/double/1", "one", options=options)
    with pytest.raises(EndpointExists):
        workspace.endpoints.deploy("models:/double/1", "one", options=options)
    changed = workspace.endpoints.update(
        "one", DeployOptions(tags={"c": ""}, require_keys=True, queue_timeout_s=0.5)
    )
    assert ("d", {"c": ""}, True, 0.5, 1) == (
        changed.description,
        changed.tags,
        changed.spec.keys.required,
        changed.spec.limits.queue_timeout_s,
        len(changed.revisions),
    )
    changed = workspace.endpoints.update("one", DeployOptions(cpu=1))
    assert (2, {2: 100}, True, {"c": ""}) == (
        len(changed.revisions),
        changed.traffic,
        changed.spec.keys.required,
        changed.tags,
    )
    assert "secret" * 4 == workspace.endpoints.rotate_key("one", "primary", "secret" * 4)["primary"]
    with pytest.raises(InvalidOption):
        workspace.endpoints.rotate_key("one", "primary", "short")
    assert 200 == workspace.endpoints.score("one", b'{"data": [[1, 2, 3, 4]]}').status


def test_models_are_labelled_and_found_and_read_in_place(workspace, tmp_path):
    models = workspace.models
    labelled = models.label("double", tags=["x"], description="d", properties={"p": "q"})
    assert ({"x": ""}, "d", {"p": "q"}) == (
        labelled.tags,
        labelled.description,
        labelled.properties,
    )
    with pytest.raises(PropertyFixed):
        models.label("double", properties={"p": "r"}, tags={})
    assert {"x": ""} == models.get("double").tags
    with pytest.raises(InvalidLabel):
        models.label("double", tags={"": ""})
    assert [1] == [
        one.version for one in models.search(tags=[("x", None)], properties=[("p", "q")])
    ]
    assert [] == models.search(tags=[("x", "other")])
    assert [] == models.search("absent")
    place = models.path("double")
    assert (tmp_path / "double.onnx").read_bytes() == place.read_bytes()
    assert place == models.path("models:/double/1")
    models.delete("double")
    assert 1 == workspace.gc().leftovers
    assert not place.exists()


def test_a_folder_may_keep_its_name(workspace, tmp_path):
    save_scaling_model(tmp_path / "net" / "m.onnx")
    version = workspace.models.register(tmp_path / "net", "net", keep_folder=True)

    assert ("net/m.onnx", "net") == (version.main_file, version.entry)
    assert ["m.onnx"] == [path.name for path in workspace.models.path("net").iterdir()]
    assert tmp_path / "out" / "net" / "m.onnx" == workspace.models.download("net", tmp_path / "out")
    workspace.models.download("net", tmp_path / "out", overwrite=True)
    workspace.endpoints.deploy("models:/net", "net")
    assert 200 == workspace.endpoints.score("net", b'{"data": [[1, 2, 3, 4]]}').status
