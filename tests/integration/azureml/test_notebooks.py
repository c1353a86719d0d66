"""The flows of the four deploying notebooks, in their form of 2018 and in their newest one, written from their description.

Each runs with a small model of the same shapes, and with the real one where the folder of shared models is there.
"""

import json
from pathlib import Path
from random import randint

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

MODELS = Path(__file__).parents[3].parent / "shared" / "models"
EMOTIONS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"]
HEAD = """
import json
import os
import time

import numpy as np
import onnxruntime


def path_of(name, file):
    if {by_name}:
        from azureml.core.model import Model
        return Model.get_model_path(model_name=name)
    return os.path.join(os.getenv("AZUREML_MODEL_DIR"), file)


def init():
    global session, input_name, output_name
    session = onnxruntime.InferenceSession(path_of("{name}", "{file}"), None)
    input_name, output_name = session.get_inputs()[0].name, session.get_outputs()[0].name


def predict(data):
    return session.run([output_name], {{input_name: data}})[0]
"""
MNIST_2018 = """

def run(input_data):
    try:
        start = time.time()
        data = np.array(json.loads(input_data)["data"]).astype("float32")
        result = int(np.argmax(predict(data)[0]))
        return json.dumps({"result": [result], "time_in_sec": [time.time() - start]})
    except Exception as e:
        return json.dumps({"error": str(e)})
"""
MNIST_NEWEST = """

def run(input_data):
    try:
        start = time.time()
        data = np.array(json.loads(input_data)["data"]).astype("float32")
        return {"result": int(np.argmax(predict(data)[0])), "time_in_sec": time.time() - start}
    except Exception as e:
        return {"error": str(e)}
"""
EMOTION = f"""

def run(input_data):
    try:
        data = np.array(json.loads(input_data)["data"]).astype("float32")
        scores = predict(data)[0]
        ranked = [{EMOTIONS!r}[place] for place in np.argsort(scores)[::-1]]
        return json.dumps({{"result": ranked[:1], "time_in_sec": [0.0]}})
    except Exception as e:
        return json.dumps({{"error": str(e)}})
"""
NESTED = """

def run(input_data):
    try:
        data = np.array(json.loads(input_data)["data"]).astype("float32")
        return {"result": predict(data).tolist(), "time": 0.0}
    except Exception as e:
        return {"error": str(e)}
"""


def save_pooling_model(path: Path, shape: list[int], outputs: int) -> Path:
    """A model that flattens its input and takes the first values as its scores."""
    nodes = [
        helper.make_node("Flatten", ["in"], ["flat"]),
        helper.make_node("Slice", ["flat", "from", "to", "axis"], ["out"]),
    ]
    constants = [
        helper.make_tensor(name, TensorProto.INT64, [1], [value])
        for name, value in (("from", 0), ("to", outputs), ("axis", 1))
    ]
    graph = helper.make_graph(
        nodes,
        "scores",
        [helper.make_tensor_value_info("in", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, outputs])],
        constants,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    opsets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=7), path)
    return path


@pytest.fixture(params=["small", "real"])
def model_file(request, folder):
    """Puts a model where the notebook has it: a small one of these shapes, or the real one."""

    def put(path: str, shape: list[int], outputs: int, real: str) -> Path:
        target = folder / path
        if request.param == "small":
            return save_pooling_model(target, shape, outputs)
        source = MODELS / real / "model.onnx"
        if not source.is_file():
            pytest.skip(f"there is no {source}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        return target

    return put


def write_script(run: str, *, name: str, file: str, by_name: bool) -> None:
    Path("score.py").write_text(HEAD.format(name=name, file=file, by_name=by_name) + run)


def expected(path: Path, data: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: data})[0]


def deploy_2018(ws, model, *, packages, image_name, service_name, description, **labels):
    """What every notebook of 2018 does from its conda file to its service."""
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.image import ContainerImage
    from azureml.core.webservice import AciWebservice, Webservice

    myenv = CondaDependencies.create(pip_packages=packages)
    Path("myenv.yml").write_text(myenv.serialize_to_string())
    image_config = ContainerImage.image_configuration(
        execution_script="score.py",
        runtime="python",
        conda_file="myenv.yml",
        description=description,
        tags={"demo": "onnx"},
        **labels,
    )
    image = ContainerImage.create(
        name=image_name, models=[model], image_config=image_config, workspace=ws
    )
    image.wait_for_creation(show_output=True)
    print(image.image_build_log_uri)
    aciconfig = AciWebservice.deploy_configuration(
        cpu_cores=1, memory_gb=1, tags={"demo": "onnx"}, description=description
    )
    service = Webservice.deploy_from_image(
        deployment_config=aciconfig, image=image, name=service_name, workspace=ws
    )
    service.wait_for_deployment(True)
    return finished(service)


def deploy_newest(ws, model, *, service_name):
    """The same in the newest form."""
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.environment import Environment
    from azureml.core.model import InferenceConfig, Model
    from azureml.core.webservice import AciWebservice

    packages = ["numpy", "onnxruntime==1.15.1", "azureml-core", "azureml-defaults"]
    Path("myenv.yml").write_text(
        CondaDependencies.create(pip_packages=packages).serialize_to_string()
    )
    myenv = Environment.from_conda_specification(name="myenv", file_path="myenv.yml")
    inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
    aciconfig = AciWebservice.deploy_configuration(
        cpu_cores=1, memory_gb=1, tags={"demo": "onnx"}, description="web service"
    )
    service = Model.deploy(ws, service_name, [model], inference_config, aciconfig)
    service.wait_for_deployment(True)
    return finished(service)


def finished(service):
    if service.state != "Healthy":
        print(service.get_logs())
        service.delete()
    return service


def register(ws, path: str, name: str, description: str):
    from azureml.core.model import Model

    return Model.register(
        model_path=path,
        model_name=name,
        tags={"onnx": "demo"},
        description=description,
        workspace=ws,
    )


def test_mnist_of_2018(ws, model_file, rng, capsys):
    path = model_file("mnist/model.onnx", [1, 1, 28, 28], 10, "mnist")
    model = register(ws, "mnist/model.onnx", "mnist_1", "MNIST image classification CNN")
    for name, m in ws.models().items():
        print("Name:", name, "\tVersion:", m.version, "\tDescription:", m.description, m.tags)
    write_script(MNIST_2018, name="mnist_1", file="model.onnx", by_name=True)
    aci_service = deploy_2018(
        ws,
        model,
        packages=["azureml-defaults", "numpy", "azureml-core", "onnxruntime"],
        image_name="onnxtest",
        service_name="onnx-demo-mnist20",
        description="MNIST ONNX Runtime container",
    )

    image = rng.random((1, 1, 28, 28), np.float32)
    r = json.loads(aci_service.run(json.dumps({"data": image.tolist()})))
    assert [int(np.argmax(expected(path, image)))] == r["result"]
    assert r["time_in_sec"][0] >= 0
    assert "error" in json.loads(aci_service.run(json.dumps({"date": 1})))
    aci_service.delete()
    assert "mnist_1 \tVersion: 1" in capsys.readouterr().out


def test_mnist_of_today(ws, model_file, rng):
    path = model_file("mnist/model/model.onnx", [1, 1, 28, 28], 10, "mnist")
    model = register(ws, "mnist/model/model.onnx", "mnist_1", "MNIST")
    write_script(MNIST_NEWEST, name="mnist_1", file="model.onnx", by_name=False)
    aci_service = deploy_newest(ws, model, service_name="onnx-demo-mnist")

    image = rng.random((1, 1, 28, 28), np.float32)
    r = aci_service.run(json.dumps({"data": image.tolist()}))
    assert int(np.argmax(expected(path, image))) == r["result"]
    print(aci_service.scoring_uri)


def test_emotion_of_both_forms_in_one_workspace(ws, model_file, rng):
    path = model_file("emotion_ferplus/model.onnx", [1, 1, 64, 64], 8, "emotion")
    model = register(ws, "emotion_ferplus/model.onnx", "onnx_emotion", "Emotion Recognition Net")
    write_script(EMOTION, name="onnx_emotion", file="model.onnx", by_name=True)
    old = deploy_2018(
        ws,
        model,
        packages=["numpy", "azureml-core", "onnxruntime"],
        image_name="onnxtest",
        service_name="onnx-demo-emotion",
        description="Emotion ONNX Runtime container",
    )
    write_script(EMOTION, name="onnx_emotion", file="model.onnx", by_name=False)
    new = deploy_newest(ws, model, service_name="onnx-emotion-demo")

    face = rng.random((1, 1, 64, 64), np.float32) * 255
    best = EMOTIONS[int(np.argsort(expected(path, face)[0])[::-1][0])]
    for service in (old, new):
        r = json.loads(service.run(json.dumps({"data": face.tolist()})))
        assert [best] == r["result"]
    assert ["onnx-demo-emotion", "onnx-emotion-demo"] == sorted(ws.webservices)


@pytest.mark.parametrize(
    ("path", "name", "image_name"),
    [
        ("resnet50v2/resnet50v2.onnx", "resnet50v2", "onnxresnet50v2"),
        ("tinyyolov2.onnx", "tinyyolov2", "onnxyolo"),
    ],
)
def test_resnet_and_tiny_yolo_of_both_forms(ws, model_file, rng, path, name, image_name, capsys):
    """Tiny YOLO without its conversion: any ONNX file stands in for what is converted. Their 2018 conda files list no azureml package."""
    file = model_file(path, [1, 1, 28, 28], 20, "mnist")
    model = register(ws, path, name, name)
    for m in ws.models():
        print("Name:", m.name, "\tVersion:", m.version, "\tDescription:", m.description, m.tags)
    write_script(NESTED, name=name, file=Path(path).name, by_name=True)
    Path("Dockerfile").write_text("RUN apt-get update\nRUN apt-get install -y libgomp1\n")
    service = deploy_2018(
        ws,
        model,
        packages=["numpy", "onnxruntime"],
        image_name=image_name,
        service_name="onnx-demo-" + name + str(randint(0, 100)),
        description=name,
        docker_file="Dockerfile",
    )
    newest = deploy_newest(ws, model, service_name="onnx-" + name + str(randint(100, 200)))

    data = rng.random((1, 1, 28, 28), np.float32)
    for one in (service, newest):
        result = one.run(json.dumps({"data": data.tolist()}))["result"]
        np.testing.assert_allclose(expected(file, data), np.array(result), rtol=1e-4, atol=1e-4)
    printed = capsys.readouterr().out
    assert f"Name: {name} \tVersion: 1" in printed
    assert "not met: docker_file" in printed


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_a_folder_keeps_its_name_in_the_service_and_here(ws, folder):
    """A folder that was registered is found by its own name under AZUREML_MODEL_DIR, and is what get_model_path gives."""
    from azureml.core.model import InferenceConfig, Model

    save_pooling_model(folder / "export" / "net" / "model.onnx", [1, 3, 8, 8], 4)
    (folder / "export" / "net" / "labels.txt").write_text("cat\ndog\n")
    model = Model.register(ws, "export/net", "net", model_framework=Model.Framework.ONNX)
    Path("score.py").write_text(
        "import os\nfrom azureml.core.model import Model\n\n\ndef init():\n    pass\n\n\ndef run(data):\n"
        "    folder = Model.get_model_path('net')\n"
        "    there = os.path.join(os.environ['AZUREML_MODEL_DIR'], 'net', 'labels.txt')\n"
        "    return [os.path.basename(folder), sorted(os.listdir(folder)), open(there).read()]\n"
    )
    service = Model.deploy(ws, "folders", [model], InferenceConfig(entry_script="score.py"))

    assert ["net", ["labels.txt", "model.onnx"], "cat\ndog\n"] == service.run("{}")
    here = Path(Model.get_model_path("net"))
    assert ("net", ["labels.txt", "model.onnx"]) == (
        here.name,
        sorted(path.name for path in here.iterdir()),
    )
    assert str(Path("out") / "net") == model.download("out")
