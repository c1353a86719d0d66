"""Services of old code after they are there: what is enforced, what is told, how they are changed, and how they fail."""

import base64
import json
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from azureml.core import Model, Webservice
from azureml.core.compute import AksCompute, ComputeTarget
from azureml.core.image import ContainerImage, Image
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice, LocalWebservice
from azureml.exceptions import (
    ModelNotFoundException,
    ModelPathNotFoundException,
    NotProvidedException,
    WebserviceException,
)
from fake.models import save_scaling_model

ECHO = "def init():\n    pass\n\n\ndef run(data):\n    return data\n"
ROWS = b'{"data": [[1, 2, 3, 4]]}'
DOUBLED = {"result": [[2.0, 4.0, 6.0, 8.0]]}


@pytest.fixture
def model(ws, folder):
    path = save_scaling_model(folder / "double.onnx")
    return Model.register(ws, path, "double", model_framework=Model.Framework.ONNX)


@pytest.fixture
def echo(folder):
    (folder / "score.py").write_text(ECHO)
    return InferenceConfig(entry_script="score.py")


def test_an_onnx_model_without_code_speaks_the_onnx_runtime_servers_json(ws, model):
    service = Model.deploy(ws, "nocode", [model])
    service.wait_for_deployment(show_output=True)

    values = np.arange(4, dtype="<f4").reshape(1, 4)
    tensor = {
        "dims": ["1", "4"],
        "dataType": 1,
        "rawData": base64.b64encode(values.tobytes()).decode(),
    }
    body = json.dumps({"inputs": {"x": tensor}, "outputFilter": ["y"]}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(service.scoring_uri, body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        output = json.loads(answer.read())["outputs"]["y"]
    got = np.frombuffer(base64.b64decode(output["rawData"]), "<f4")
    assert [0.0, 2.0, 4.0, 6.0] == got.tolist()
    assert (False, False) == (service.auth_enabled, service.token_auth_enabled)


def test_keys_are_off_for_container_instances_and_on_for_clusters(ws, model):
    target = ComputeTarget.create(ws, "cluster", AksCompute.provisioning_configuration())
    open_one = Model.deploy(ws, "aci", [model])
    closed = Model.deploy(ws, "aks", [model], deployment_target=target)

    assert (False, True) == (open_one.auth_enabled, closed.auth_enabled)
    assert DOUBLED == closed.run(input_data=ROWS)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(urllib.request.Request(closed.scoring_uri, ROWS), timeout=30)
    primary, secondary = closed.get_keys()
    closed.regen_key("Primary", set_key="a-key-of-my-own-1234")
    assert ("a-key-of-my-own-1234", secondary) == closed.get_keys()
    assert primary != closed.get_keys()[0]
    assert DOUBLED == closed.run(ROWS)
    with pytest.raises(NotProvidedException, match="get_keys"):
        closed.get_token()
    assert [AksWebservice, AciWebservice] == [type(Webservice(ws, name)) for name in ("aks", "aci")]


def test_what_is_set_is_enforced_or_told(ws, model, echo, capsys):
    configuration = AksWebservice.deploy_configuration(
        cpu_cores=1,
        memory_gb=0.5,
        num_replicas=2,
        scoring_timeout_ms=9000,
        max_request_wait_time=700,
        collect_model_data=True,
        enable_app_insights=True,
        autoscale_enabled=False,
        gpu_cores=1,
    )
    Model.deploy(ws, "limits", [model], echo, configuration)

    spec = ws.native.endpoints.get("limits").spec
    revision = spec.revisions[-1]
    assert (1, 512, 2) == (
        revision.resources.cpu,
        revision.resources.memory_mb,
        revision.settings.workers,
    )
    assert (9.0, 0.7) == (spec.limits.request_timeout_s, spec.limits.queue_timeout_s)
    assert revision.settings.model_data is not None
    printed = capsys.readouterr().out
    for name in ("enable_app_insights", "gpu_cores"):
        assert f"{name} is not met" in printed
    assert "num_replicas is not met" not in printed


@pytest.mark.parametrize(
    "values",
    [
        {"autoscale_enabled": True, "num_replicas": 2},
        {"autoscale_enabled": False},
        {"auth_enabled": True, "token_auth_enabled": True},
        {"cpu_cores": 0},
        {"namespace": "Not_One"},
    ],
)
def test_settings_that_contradict_one_another_are_refused(values):
    with pytest.raises(WebserviceException):
        AksWebservice.deploy_configuration(**values)


def test_the_name_of_a_service_is_taken_unless_overwriting_is_wanted(ws, model, echo):
    Model.deploy(ws, "one", [model])
    with pytest.raises(WebserviceException, match="there is an endpoint 'one' already"):
        Model.deploy(ws, "one", [model])
    again = Model.deploy(ws, "one", [model], echo, overwrite=True)

    assert ("x", 2) == (again.run(b"x"), len(ws.native.endpoints.get("one").revisions))


def test_bytes_and_text_are_sent_as_they_are(ws, model, echo):
    service = Model.deploy(ws, "echo", [model], echo)

    assert "ü ' \" \n" == service.run("ü ' \" \n") == service.run(input_data="ü ' \" \n".encode())
    with pytest.raises(WebserviceException, match="Response Code: 400"):
        service.run(b"\xff\xfe")


def test_a_service_that_does_not_start_is_told_to_whoever_waits(ws, model, folder, capsys):
    (folder / "broken.py").write_text(ECHO.replace("pass", "raise ValueError('no weights')"))
    service = Model.deploy(ws, "broken", [model], InferenceConfig(entry_script="broken.py"))

    assert ("Failed", None) == (service.state, service.scoring_uri)
    assert "no weights" in service.get_logs()
    with pytest.raises(WebserviceException, match="get_logs"):
        service.wait_for_deployment(True)
    assert 'operation "Failed"' in capsys.readouterr().out
    service.delete()
    assert "No service with name broken found to delete." in capsys.readouterr().out


def test_labels_keys_and_models_are_updated(ws, model, folder):
    service = Model.deploy(ws, "changing", [model])
    with pytest.raises(WebserviceException, match="nothing is given"):
        service.update()
    service.update(tags={"a": "b"}, description="new", properties={"p": "q"}, auth_enabled=True)

    assert ({"a": "b"}, "new", {"p": "q"}, True) == (
        service.tags,
        service.description,
        service.properties,
        service.auth_enabled,
    )
    assert 1 == len(ws.native.endpoints.get("changing").revisions)
    tripled = Model.register(ws, save_scaling_model(folder / "t.onnx", 3.0), "triple")
    Webservice(ws, "changing").update(models=[tripled], auth_enabled=False)
    assert {"result": [[3.0, 6.0, 9.0, 12.0]]} == service.run(ROWS)
    assert (["triple:1"], False) == ([one.id for one in service.models], service.auth_enabled)
    assert ["changing"] == [one.name for one in Webservice.list(ws, model_name="triple")]
    assert [] == Webservice.list(ws, tags=["absent"])


def test_a_local_service_takes_up_the_script_again(ws, model, echo, capsys):
    service = Model.deploy(ws, "local", [model], echo, LocalWebservice.deploy_configuration())
    service.wait_for_deployment(True)
    Path("score.py").write_text(ECHO.replace("return data", "return 'changed'"))
    service.reload()

    assert ("running", "changed") == (service.state, service.run("x"))
    assert f"http://localhost:{service.port}" in capsys.readouterr().out
    with pytest.raises(NotImplementedError):
        service.get_keys()
    service.delete()
    assert "deleted" == service.state


def test_paths_are_registered_under_their_base_names(ws, folder):
    (folder / "weights.pkl").write_bytes(b"weights")
    (folder / "score.py").write_text(
        "from azureml.core.model import Model\n\n\ndef init():\n    pass\n\n\ndef run(data):\n"
        "    return open(Model.get_model_path('weights.pkl')).read()\n"
    )
    configuration = ContainerImage.image_configuration("score.py", "python")
    service = Webservice.deploy(ws, "paths", ["weights.pkl"], configuration)

    assert ("weights", ["weights.pkl:1"]) == (service.run("x"), [one.id for one in service.models])


def test_an_image_that_cannot_be_built_is_recorded_and_told(ws, model, folder, monkeypatch, capsys):
    from fake.own_interpreter import OwnInterpreter
    from onnxport.errors import PlatformError

    def fail(*_, **__):
        raise PlatformError("no index", "Connect.")

    monkeypatch.setattr(OwnInterpreter, "lock", fail)
    (folder / "score.py").write_text(ECHO)
    configuration = ContainerImage.image_configuration("score.py", "python", tags=["x"])
    image = ContainerImage.create(ws, "bad", [model], configuration)

    assert ("Failed", "bad:1") == (image.creation_state, Image(ws, "bad").id)
    with pytest.raises(WebserviceException, match="no index"):
        image.wait_for_creation(show_output=True)
    assert 'for image bad:1, operation "Failed"' in capsys.readouterr().out
    with pytest.raises(WebserviceException, match="cannot be deployed"):
        Webservice.deploy_from_image(ws, "bad", image)
    image.delete()
    with pytest.raises(WebserviceException, match="ImageNotFound"):
        Image(ws, "bad")


def test_models_are_found_labelled_downloaded_and_deleted(ws, folder):
    path = save_scaling_model(folder / "m.onnx")
    first = Model.register(ws, path, "m", tags={"a": "1"}, properties={"p": "q"})
    second = Model.register(ws, path, "m", tags=["onnx"])

    assert ["m:2", "m:1"] == [one.id for one in Model.list(ws)]
    assert ["m:1"] == [one.id for one in Model.list(ws, tags=[["a", "1"]])]
    assert ["m:2"] == [one.id for one in Model.list(ws, "m", latest=True)]
    assert ("m:2", "m:1", "m:1") == (
        Model(ws, "m").id,
        Model(ws, id="m:1").id,
        Model(ws, "m", tags=["a"]).id,
    )
    second.update(tags={"x": "y"}, description="d")
    second.add_tags({"z": ""})
    second.remove_tags(["x"])
    assert ({"z": ""}, "d") == (Model(ws, "m").tags, Model(ws, "m").description)
    with pytest.raises(WebserviceException, match="never change"):
        first.add_properties({"p": "other"})
    assert "Onnx" == first.model_framework
    assert Path(first.download("out")).read_bytes() == path.read_bytes()
    with pytest.raises(WebserviceException, match="exists already"):
        first.download("out")
    first.download("out", exist_ok=True)
    assert Path(Model.get_model_path("m", 1)).read_bytes() == path.read_bytes()
    second.delete()
    assert ["m:1"] == [one.id for one in Model.list(ws)]


def test_what_is_not_there_is_told_by_the_vendors_names(ws):
    with pytest.raises(WebserviceException, match="WebserviceNotFound"):
        Webservice(ws, "absent")
    with pytest.raises(WebserviceException, match="ModelNotFound"):
        Model(ws, "absent")
    with pytest.raises(ModelNotFoundException):
        Model.get_model_path("absent")
    with pytest.raises(ModelPathNotFoundException):
        Model.register(ws, "absent.onnx", "x")
    with pytest.raises(NotProvidedException, match="traffic"):
        AksEndpoint(ws, "x")
