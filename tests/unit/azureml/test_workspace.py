"""The workspace of old code: which file names it, and listings that answer to both eras."""

import json
import sys

import pytest
from azureml._installation import VendorPackageInstalled, refuse_beside_vendor
from azureml.core import Experiment, Workspace
from azureml.core._listing import Listing
from azureml.core.compute import AmlCompute, BatchAiCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.exceptions import NotProvidedException, UserErrorException
from fake.models import save_scaling_model

IDS = {"subscription_id": "s-1", "resource_group": "group", "workspace_name": "team"}
SCOPE = "/subscriptions/s-1/resourceGroups/group/providers/Microsoft.X/workspaces/team"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "ws"))
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "where",
    [".azureml/config.json", "aml_config/config.json", "config.json", "aml_config/project.json"],
)
@pytest.mark.parametrize("document", [IDS, {"Scope": SCOPE}])
def test_the_nearest_file_of_either_era_names_the_workspace(place, where, document, capsys):
    file = place.parent / where
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document))

    ws = Workspace.from_config()

    assert ("team", "group", "s-1") == (ws.name, ws.resource_group, ws.subscription_id)
    assert ("", place.parent.parent / "ws") == (capsys.readouterr().out, ws.native.root)


def test_the_newer_place_comes_first(place):
    for folder, name in ((".azureml", "new"), ("aml_config", "old")):
        (place / folder).mkdir()
        (place / folder / "config.json").write_text(json.dumps({**IDS, "workspace_name": name}))

    assert "new" == Workspace.from_config().name


def test_without_a_file_the_current_workspace_opens_with_a_notice(place, capsys):
    assert "ws" == Workspace.from_config().name
    assert str(place.parent.parent / "ws") in capsys.readouterr().out


def test_a_path_that_leads_nowhere_and_a_file_that_says_nothing_are_refused(place):
    with pytest.raises(UserErrorException, match=r"config\.json"):
        Workspace.from_config("absent")
    (place / "config.json").write_text("{}")
    with pytest.raises(UserErrorException, match="workspace_name"):
        Workspace.from_config(place / "config.json")


def test_what_is_written_is_found(place):
    Workspace("s-2", "g-2", "w-2").write_config()

    assert "w-2" == Workspace.from_config().name
    assert (place / ".azureml" / "config.json").is_file()


def test_details_have_the_vendors_keys():
    details = Workspace.create("w", subscription_id="s", resource_group="g").get_details()

    assert {"id", "name", "location", "type", "workspaceid", "sku", "keyVault"} <= set(details)


def test_a_listing_is_a_dict_can_be_called_and_gives_names_that_answer():
    class Thing:
        version = 3

    listing = Listing({"a": Thing()})

    assert [("a", 3)] == [(m.name, m.version) for m in listing()]
    assert [("a", 3)] == [(name, m.version) for name, m in listing.items()]
    assert "a" in listing()
    assert (3, 1) == (listing["a"].version, len(listing))
    with pytest.raises(AttributeError):
        _ = next(iter(listing)).absent


def test_the_models_of_the_workspace_are_the_newest_versions(place):
    from azureml.core.model import Model

    ws = Workspace.from_config()
    for factor in (1.0, 2.0):
        Model.register(
            ws, save_scaling_model(place / "m.onnx", factor), "scale", tags={"x": str(factor)}
        )

    assert {"scale": 2} == {name: model.version for name, model in ws.models.items()}
    assert ["2.0"] == [model.tags["x"] for model in ws.models()]


def test_compute_targets_are_names(capsys):
    ws = Workspace.from_config()
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        ComputeTarget(workspace=ws, name="gpucluster")
    old = BatchAiCompute.provisioning_configuration(
        vm_size="STANDARD_NC6", autoscale_enabled=True, cluster_min_nodes=0, cluster_max_nodes=4
    )
    new = AmlCompute.provisioning_configuration(vm_size="Standard_NC6s_v3", max_nodes=6)
    for name, configuration, most in (("old", old, 4), ("new", new, 6)):
        target = ComputeTarget.create(ws, name, configuration)
        target.wait_for_completion(show_output=True)
        assert most == target.status.serialize()["scaleSettings"]["maxNodeCount"]
        assert target is ComputeTarget(ws, name)
        assert name in ws.compute_targets()
        target.delete()
    assert 'Provisioning operation finished, operation "Succeeded"' in capsys.readouterr().out


def test_what_is_not_there_can_be_imported_and_says_what_to_use():
    from azureml.train.widgets import RunDetails as Old
    from azureml.widgets import RunDetails

    assert Old is RunDetails
    for touch in (lambda: RunDetails(None), lambda: Experiment(None, "x"), lambda: Experiment.list):
        with pytest.raises(NotProvidedException, match=r"Model\.register"):
            touch()
    with pytest.raises(NotImplementedError):
        Workspace.from_config().get_default_datastore()


def test_the_vendors_package_beside_this_one_is_refused(tmp_path, monkeypatch):
    info = tmp_path / "azureml_core-1.61.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: azureml-core\nVersion: 1.61.0\n")
    refuse_beside_vendor()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    with pytest.raises(VendorPackageInstalled, match="pip uninstall azureml-core"):
        refuse_beside_vendor()
