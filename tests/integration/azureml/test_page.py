"""The 2018 page, step by step in its own order, ending in a live endpoint. Written from the page's description."""

import json
import urllib.request
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.models import save_scaling_model

SAMPLE = """
import json
import sys

import numpy as np
import onnxruntime
from azureml.core.model import Model


def init():
    global model_path
    model_path = Model.get_model_path(model_name="MyONNXmodel")


def run(raw_data):
    try:
        data = np.array(json.loads(raw_data)["data"]){astype}
        sess = onnxruntime.InferenceSession(model_path)
        result = sess.run(["y"], {{"x": data}})
        return json.dumps({{"result": result{first}.tolist()}})
    except Exception as e:
        return json.dumps({{"error": str(e)}})
"""
AS_PUBLISHED = {"astype": ".astype('float32')", "first": ""}
MENDED = {"astype": ".astype('float32')", "first": "[0]"}


def post(url: str, body: bytes) -> tuple[int, object]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, json.loads(answer.read())


def run_page(script: dict[str, str]):
    """The page's seven snippets; returns the service, and what was registered and built."""
    from azureml.core import Workspace
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.image import ContainerImage
    from azureml.core.model import Model
    from azureml.core.webservice import AciWebservice, Webservice

    # 1: the workspace
    ws = Workspace.from_config()
    print(ws.name, ws.resource_group, ws.location, ws.subscription_id, sep="\n")
    # 2: register, with a list of tags
    model = Model.register(
        model_path="model.onnx",
        model_name="MyONNXmodel",
        tags=["onnx"],
        description="test",
        workspace=ws,
    )
    # 3: look at the model with ONNX Runtime
    session = onnxruntime.InferenceSession("model.onnx")
    session.get_modelmeta()
    first_input, first_output = session.get_inputs()[0].name, session.get_outputs()[0].name
    session.run([first_output], {first_input: np.ones((1, 4), np.float32)})
    # 4: the scoring script
    Path("score.py").write_text(SAMPLE.format(**script))
    # 5: its environment
    myenv = CondaDependencies()
    for package in ("numpy", "azureml-core", "onnxruntime"):
        myenv.add_pip_package(package)
    Path("myenv.yml").write_text(myenv.serialize_to_string())
    # 6: the image
    image_config = ContainerImage.image_configuration(
        execution_script="score.py",
        runtime="python",
        conda_file="myenv.yml",
        description="test",
        tags=["onnx"],
    )
    image = ContainerImage.create(
        name="myonnxmodelimage", models=[model], image_config=image_config, workspace=ws
    )
    image.wait_for_creation(show_output=True)
    # 7: deploy
    config = AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, tags={"demo": "onnx"})
    service = Webservice.deploy_from_image(
        deployment_config=config, image=image, name="my-onnx", workspace=ws
    )
    service.wait_for_deployment(show_output=True)
    return service, model, image


@pytest.fixture(autouse=True)
def model(folder):
    save_scaling_model(folder / "model.onnx")


def test_the_page_ends_in_a_live_endpoint_that_answers_what_its_sample_answers(capsys):
    service, model, image = run_page(AS_PUBLISHED)

    assert ("MyONNXmodel:1", {"onnx": ""}, "test") == (model.id, model.tags, model.description)
    assert ("myonnxmodelimage:1", "Succeeded") == (image.id, image.creation_state)
    assert ({"onnx": ""}, ["MyONNXmodel:1"]) == (image.tags, image.model_ids)
    assert ("Healthy", {"demo": "onnx"}) == (service.state, service.tags)
    status, answer = post(service.scoring_uri, b'{"data": [[1, 2, 3, 4]]}')
    document = json.dumps({"error": "'list' object has no attribute 'tolist'"})
    assert (200, document) == (status, answer)
    printed = capsys.readouterr().out
    for line in (
        "Registering model MyONNXmodel",
        "Creating image",
        'Image creation operation finished for image myonnxmodelimage:1, operation "Succeeded"',
        "Creating service",
        'ACI service creation operation finished, operation "Succeeded"',
    ):
        assert line in printed.splitlines()


def test_with_the_sample_mended_the_answer_is_the_models(folder):
    service, _, _ = run_page(MENDED)

    answer = post(service.scoring_uri, b'{"data": [[1, 2, 3, 4]]}')[1]
    assert {"result": [[2.0, 4.0, 6.0, 8.0]]} == json.loads(answer)
    swagger = urllib.request.urlopen(service.swagger_uri, timeout=30).read()
    assert "/score" in json.loads(swagger)["paths"]


def test_a_second_run_counts_up_and_is_told_that_the_service_is_there(capsys):
    from azureml.core import Workspace
    from azureml.core.webservice import Webservice
    from azureml.exceptions import WebserviceException

    service, _, _ = run_page(MENDED)
    with pytest.raises(WebserviceException, match="there is an endpoint 'my-onnx' already"):
        run_page(MENDED)

    ws = Workspace.from_config()
    assert ("MyONNXmodel:2", "myonnxmodelimage:2") == (
        ws.models["MyONNXmodel"].id,
        ws.images["myonnxmodelimage"].id,
    )
    assert "myonnxmodelimage:1" == Webservice(ws, "my-onnx").image_id
    service.delete()
    capsys.readouterr()
    service.delete()
    assert "No service with name my-onnx found to delete.\n" == capsys.readouterr().out
    assert "MyONNXmodel:3" == run_page(MENDED)[1].id
