"""Deploying scoring code and changing its endpoints: what is wanted, what is built, and what is built again.

The data plane and the environments are small stand-ins (real processes, real folders); registry, bundles and the rest are the real ones.
"""

import json
import shutil
import sys
from pathlib import Path

import fake.data_plane as fake
import pytest
from fake.environments import FakeEnvironments
from fake.models import save_scaling_model
from onnxport.bundle.verify import verify
from onnxport.environment.errors import PythonUnsupported
from onnxport.errors import PlatformError
from onnxport.registry.errors import ModelNotFound, VersionInUse
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.endpoint.errors import OptionUnsuitable, RevisionFailed
from onnxport.service.endpoints import Endpoints
from onnxport.service.progress import NoProgress
from onnxport.service.scoring.errors import EnvironmentNeeded, ModelGivenTwice
from onnxport.target.process import ProcessTarget
from onnxport.workspace import Workspace

TARGET = ProcessTarget([sys.executable, "-P", "-S", fake.__file__])
SCRIPT = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"


class Told(NoProgress):
    """Remembers what was noticed."""

    def __init__(self):
        self.notices = []

    def notice(self, text):
        self.notices.append(text)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A workspace with one ONNX model, made once."""
    root = tmp_path_factory.mktemp("prepared") / "workspace"
    Workspace.open(root).models.register(save_scaling_model(root.parent / "double.onnx"), "double")
    return root


@pytest.fixture
def root(tmp_path, prepared):
    root = tmp_path / "my work ü"
    shutil.copytree(prepared, root)
    yield root
    for directory in root.glob("endpoints/*/"):
        TARGET.stop(directory, 1)


@pytest.fixture
def environments(root):
    return FakeEnvironments(root / "environments")


@pytest.fixture
def endpoints(root, environments):
    workspace = Workspace.open(root)
    records = workspace._registry.endpoints
    return Endpoints(root, workspace.models, records, TARGET, environments)


@pytest.fixture
def folder(tmp_path):
    """A person's folder: a script, what it needs, a model that is not ONNX."""
    folder = tmp_path / "churn"
    folder.mkdir()
    (folder / "score.py").write_text(SCRIPT)
    (folder / "requirements.txt").write_text("--extra-index-url=https://x.example/simple\nnumpy\n")
    (folder / "weights.bin").write_bytes(b"weights")
    return folder


@pytest.fixture
def deploy(endpoints, folder):
    def deploy(**more):
        given = {"env": folder / "requirements.txt", **more}
        return endpoints.deploy_script(folder / "score.py", **given)

    return deploy


def revisions(endpoints: Endpoints, name: str) -> list[dict]:
    path = endpoints._store.directory(name).path / "endpoint.json"
    return json.loads(path.read_bytes())["revisions"]


def forget_environments(environments: FakeEnvironments) -> None:
    shutil.rmtree(environments.folder)
    environments.built.clear()


def test_a_script_becomes_a_running_endpoint_named_after_its_folder(endpoints, deploy, root):
    deployment = deploy()

    assert ("churn", 1, (), False, None) == (
        deployment.endpoint.name,
        deployment.revision,
        deployment.models,
        deployment.registered,
        deployment.example,
    )
    assert "ready" == endpoints.get("churn").state
    assert (None, []) == tuple(deployment.to_json()[key] for key in ("model", "models"))
    (revision,) = revisions(endpoints, "churn")
    directory = root / "endpoints" / "churn"
    assert (directory / revision["environment"] / "bin" / "python").exists()
    assert not Path(revision["environment"]).is_absolute()
    assert "script" == verify(directory / revision["bundle"]).manifest.kind


def test_models_of_any_framework_are_registered_once_and_travel_in_the_bundle(
    endpoints, deploy, folder, root
):
    models = [folder / "weights.bin", f"labels={folder / 'weights.bin'}", "models:/double/1"]

    first, second = deploy(models=models), deploy(models=models)

    assert ["models:/weights/1", "models:/labels/1", "models:/double/1"] == [
        str(version.reference) for version in second.models
    ]
    assert (True, False) == (first.registered, second.registered)
    assert ["custom", "custom", "onnx"] == [version.framework for version in second.models]
    assert "weights" == second.endpoint.name
    assert (None, 3) == (second.version, len(second.to_json()["models"]))
    bundle = root / "endpoints" / "weights" / revisions(endpoints, "weights")[0]["bundle"]
    assert b"weights" == (bundle / "models/labels/1/weights.bin").read_bytes()
    assert list(second.to_json()["models"]) == list(endpoints.get("weights").revisions[1].models)
    with pytest.raises(VersionInUse):
        Workspace.open(root).models.delete("models:/labels/1")


def test_a_folder_with_one_onnx_file_is_an_onnx_model_and_any_other_is_taken_whole(
    endpoints, deploy, folder
):
    save_scaling_model(folder / "one" / "m.onnx")
    save_scaling_model(folder / "two" / "a.onnx")
    save_scaling_model(folder / "two" / "b.onnx")

    models = deploy(models=[folder / "one", folder / "two"]).models

    assert [("one", "m.onnx", "onnx"), ("two", None, "custom")] == [
        (version.name, version.main_file, version.framework) for version in models
    ]


def test_changed_content_is_the_next_version(deploy, folder):
    deploy(models=[folder / "weights.bin"])
    (folder / "weights.bin").write_bytes(b"heavier")

    (version,) = deploy(models=[folder / "weights.bin"]).models

    assert 2 == version.version


def test_two_models_of_one_name_are_refused_before_anything_is_registered(deploy, folder, root):
    (folder / "x").mkdir()
    (folder / "x" / "weights.bin").write_bytes(b"others")

    with pytest.raises(ModelGivenTwice, match="weights"):
        deploy(models=[folder / "weights.bin", folder / "x" / "weights.bin"])
    with pytest.raises(ModelGivenTwice, match="double"):
        deploy(models=["models:/double/1", "models:/double"])

    assert ["double"] == Workspace.open(root).models.names()


def test_a_reference_that_leads_nowhere_is_told(deploy):
    with pytest.raises(ModelNotFound, match="nobody"):
        deploy(models=["models:/nobody/1"])


def test_without_an_environment_file_those_beside_the_script_are_named(endpoints, folder):
    with pytest.raises(EnvironmentNeeded) as caught:
        endpoints.deploy_script(folder / "score.py")
    assert f"--env {folder / 'requirements.txt'}" in caught.value.remedy

    (folder / "requirements.txt").unlink()
    with pytest.raises(EnvironmentNeeded) as caught:
        endpoints.deploy_script(folder / "score.py")
    assert "numpy\n" in caught.value.remedy


def test_settings_of_scoring_code_are_wanted_and_stay(endpoints, deploy):
    options = DeployOptions(
        workers=3, debug=True, session_cache=False, collect_data=True, memory_mb=200
    )
    deploy(options=options)
    deploy(options=DeployOptions(debug=False))
    deploy(options=DeployOptions(collect_data=False))

    (latest,) = revisions(endpoints, "churn")
    names = ("workers", "debug", "session_cache", "model_data")
    assert [3, False, False, None] == [latest["settings"][name] for name in names]
    assert 200 == latest["resources"]["memory_mb"]
    records = endpoints._store.records.revisions("churn")
    assert ["../../modeldata", "../../modeldata", None] == [
        record.settings["model_data"] for record in records
    ]


def test_what_was_said_for_a_model_is_not_taken_for_scoring_code(endpoints, deploy):
    options = DeployOptions(runner="threads", memory_mb=500)
    endpoints.deploy("models:/double/1", "mixed", options=options)
    deploy(name="mixed", options=DeployOptions(workers=2))
    endpoints.deploy("models:/double/1", "mixed", options=DeployOptions(traffic=50))

    script, model = revisions(endpoints, "mixed")
    assert ("auto", 2, None) == (
        script["settings"]["runner"],
        script["settings"]["workers"],
        script["resources"]["memory_mb"],
    )
    assert (None, None) == (model["settings"]["workers"], model["environment"])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (DeployOptions(runner="inline"), "--runner"),
        (DeployOptions(concurrency=2), "--concurrency"),
        (DeployOptions(providers=("CPUExecutionProvider",)), "--provider"),
    ],
)
def test_options_of_models_are_refused_for_scoring_code(deploy, options, named):
    with pytest.raises(OptionUnsuitable, match=named):
        deploy(options=options)


@pytest.mark.parametrize(
    "options",
    [
        DeployOptions(workers=2),
        DeployOptions(debug=False),
        DeployOptions(session_cache=True),
        DeployOptions(collect_data=True),
    ],
)
def test_options_of_scoring_code_are_refused_for_models(endpoints, options):
    for act in (endpoints.deploy, endpoints.plan):
        with pytest.raises(OptionUnsuitable, match="--script"):
            act("models:/double/1", options=options)


def test_traffic_and_rollback_go_across_scripts_and_models(endpoints, deploy, environments):
    deploy(name="mixed")
    endpoints.deploy("models:/double/1", "mixed")
    assert {1: 100} == endpoints.rollback("mixed").traffic
    assert revisions(endpoints, "mixed")[0]["environment"] is not None
    view = endpoints.traffic("mixed", {1: 30, 2: 70})

    script, model = revisions(endpoints, "mixed")
    assert ({1: 30, 2: 70}, None) == (view.traffic, model["environment"])
    assert script["environment"].startswith("../../environments/")
    assert 1 == len(environments.built)


CHANGES = {
    "rollback": lambda endpoints, deploy: endpoints.rollback("mixed", 1),
    "traffic": lambda endpoints, deploy: endpoints.traffic("mixed", {1: 50, 2: 50}),
    "a share for a new revision": lambda endpoints, deploy: (
        endpoints.traffic("mixed", {1: 100}),
        endpoints.deploy("models:/double/1", "mixed", options=DeployOptions(traffic=10)),
    ),
    "restart": lambda endpoints, deploy: (
        endpoints.rollback("mixed", 1),
        endpoints.restart("mixed"),
    ),
    "up": lambda endpoints, deploy: (
        endpoints.rollback("mixed", 1),
        endpoints.down(),
        endpoints.up(),
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_deleted_environment_is_built_again_from_the_bundles_lock(
    endpoints, deploy, environments, root, change
):
    deploy(name="mixed")
    endpoints.deploy("models:/double/1", "mixed")
    forget_environments(environments)

    change(endpoints, deploy)

    assert [(f"3.{sys.version_info.minor}", ("--extra-index-url=https://x.example/simple",))] == (
        environments.built
    )
    script = revisions(endpoints, "mixed")[0]
    assert (root / "endpoints" / "mixed" / script["environment"] / "bin" / "python").exists()
    assert "ready" == endpoints.get("mixed").state


def test_a_restart_builds_what_was_deleted_meanwhile_and_tells_so(endpoints, deploy, environments):
    deploy()
    endpoints.down()
    forget_environments(environments)
    told = Told()

    endpoints.up(progress=told)

    assert ["building the environment of requirements.txt"] == told.notices


def test_an_environment_that_moved_is_named_where_it_is_now(endpoints, deploy, environments, root):
    deploy()
    endpoints.down()
    forget_environments(environments)
    environments.folder = root / "environments" / "new"

    endpoints.up()

    (script,) = revisions(endpoints, "churn")
    assert script["environment"].startswith("../../environments/new/")
    assert (2, "ready") == (endpoints.get("churn").spec.generation, endpoints.get("churn").state)


def test_an_environment_that_cannot_be_built_again_leaves_the_traffic_as_it_was(
    endpoints, deploy, environments, monkeypatch
):
    deploy(name="mixed")
    endpoints.deploy("models:/double/1", "mixed")
    forget_environments(environments)

    def fail(*_, **__):
        raise PlatformError("no index", "Connect.")

    monkeypatch.setattr(FakeEnvironments, "ensure", fail)
    with pytest.raises(PlatformError, match="no index"):
        endpoints.rollback("mixed")

    assert {2: 100} == endpoints.get("mixed").traffic
    assert 2 == endpoints.get("mixed").spec.generation


def test_a_share_beside_a_revision_that_cannot_be_built_again_leaves_no_revision_behind(
    endpoints, deploy, environments, monkeypatch
):
    deploy(name="mixed")
    forget_environments(environments)

    def fail(*_, **__):
        raise PlatformError("no index", "Connect.")

    monkeypatch.setattr(FakeEnvironments, "ensure", fail)
    with pytest.raises(PlatformError, match="no index"):
        endpoints.deploy("models:/double/1", "mixed", options=DeployOptions(traffic=10))
    deployment = endpoints.deploy("models:/double/1", "mixed")

    assert 2 == deployment.revision
    assert ["ready", "ready"] == [one.state for one in endpoints.get("mixed").revisions]


def test_a_python_that_is_none_is_told_before_anything_is_registered(deploy, folder, root):
    with pytest.raises(PythonUnsupported, match=r"2\.7"):
        deploy(python="2.7", models=[folder / "weights.bin"])

    assert ["double"] == Workspace.open(root).models.names()


def test_a_password_in_the_environment_file_is_warned_of_without_being_shown(deploy, folder):
    (folder / "requirements.txt").write_text("--index-url=https://me:hunter2@x.example/simple\n")
    told = Told()

    deploy(progress=told)

    (notice,) = [text for text in told.notices if "password" in text]
    assert "requirements.txt" in notice
    assert "hunter2" not in "".join(told.notices)


def test_a_script_that_does_not_start_leaves_the_endpoint_as_it_was(endpoints, deploy, root):
    deploy()
    with pytest.raises(RevisionFailed, match="revision 1 keeps serving"):
        deploy(options=DeployOptions(intra_op_threads=fake.REFUSED_THREADS))

    assert {1: 100} == endpoints.get("churn").traffic


def test_a_sample_is_kept_as_it_is_and_asked_at_the_public_address(endpoints, deploy, folder, root):
    sample = folder / "picture.png"
    sample.write_bytes(b"\x89PNG\r\n\xff not really")

    deployment = deploy(sample=sample)

    assert ("image/png", sample.read_bytes()) == (
        deployment.example.content_type,
        deployment.example.body,
    )
    bundle = endpoints._store.manifest(deployment.endpoint.spec.revisions[0])[0]
    assert sample.read_bytes() == (bundle / "sample/request.bin").read_bytes()


def test_predict_sends_the_bytes_of_a_file_as_they_are(endpoints, deploy, folder):
    deploy()
    (folder / "any").write_bytes(b"\xef\xbb\xbf[1,\x00")

    assert {"revision": 1} == json.loads(endpoints.predict("churn", folder / "any").body)


def test_a_plan_changes_and_builds_nothing(endpoints, folder, root, environments):
    plan = "\n".join(
        endpoints.plan_script(
            folder / "score.py",
            env=folder / "requirements.txt",
            models=[folder / "weights.bin", "models:/double/1"],
        )
    )

    for text in ("score.py (1 file)", "a new version of weights", "use models:/double/1"):
        assert text in plan
    assert "requirements.txt: 1 requirement" in plan
    assert (["double"], []) == (Workspace.open(root).models.names(), environments.built)
    assert not (root / "endpoints").exists()


def test_the_workspaces_own_names_of_conda_packages_are_used(root, folder):
    (folder / "myenv.yml").write_text("dependencies:\n- our-tools\n")
    (root / "conda-names.json").write_text('{"our-tools": null}')
    plan = Workspace.open(root).endpoints.plan_script(
        folder / "score.py", env=folder / "myenv.yml", name="x"
    )

    assert "myenv.yml: 0 requirements" in "\n".join(plan)


def test_a_failure_tells_which_models_stay_registered(deploy, folder, environments, monkeypatch):
    def fail(*_, **__):
        raise PlatformError("no index", "Connect.")

    monkeypatch.setattr(FakeEnvironments, "lock", fail)
    with pytest.raises(PlatformError) as caught:
        deploy(models=[folder / "weights.bin", "models:/double/1"])

    assert "models:/weights/1 stays registered" in caught.value.remedy
    assert "models:/double/1" not in caught.value.remedy


def test_the_workspace_inside_the_source_folder_is_not_code(deploy, folder, root):
    (root / "score.py").write_text(SCRIPT)
    (root.parent / "score.py").write_text(SCRIPT)

    deployment = deploy(source_dir=root.parent, name="all")

    bundle = root / "endpoints" / "all" / deployment.endpoint.spec.revisions[0].bundle
    assert not list(bundle.glob("code/*/my work ü"))
    assert (bundle / "code" / root.parent.name / "churn" / "score.py").exists()
