"""The four deploying notebooks as cells, in their form of 2018 and in their newest one, written from their description.

Those of 2018 take names from `ws.models()` as pairs and as models, deploy an image and answer JSON in a string; the newest ones write an
environment, deploy the model itself, find it under `AZUREML_MODEL_DIR` and answer an object.
"""

WORKSPACE = """import azureml.core
from azureml.core import Workspace
print("SDK version:", azureml.core.VERSION)
ws = Workspace.from_config()
print(ws.name, ws.location, ws.resource_group, sep="\\n")"""
REGISTER = """from azureml.core.model import Model
model = Model.register(model_path="{path}", model_name="{name}", tags={{"onnx": "demo"}}, description="{name}", workspace=ws)
print("model version", model.version)"""
PAIRS = """for name, m in ws.models{call}.items():
    print("Name:", name, "\\tVersion:", m.version, "\\tDescription:", m.description, m.tags)"""
MODELS = """for m in ws.models():
    print("Name:", m.name, "\\tVersion:", m.version, "\\tDescription:", m.description, m.tags)"""
SCRIPT = """%%writefile score.py
import json, os, time
import numpy as np
import onnxruntime
{imported}
names = {names}

def init():
    global session, input_name, output_name
    session = onnxruntime.InferenceSession({place}, None)
    input_name = session.get_inputs()[0].name
    output_name = session.get_outputs()[0].name

def run(input_data):
    try:
        data = np.array(json.loads(input_data)["data"]).astype("float32")
        start = time.time()
        r = session.run([output_name], {{input_name: data}})[0]
        took = time.time() - start
        ranked = [int(place) for place in np.argsort(r.ravel())[::-1]]
        named = [name for place in ranked for name, number in names.items() if number == place]
        return {answer}
    except Exception as e:
        return {failure}"""
IMPORT_MODEL = "from azureml.core.model import Model"
AS_TEXT = 'json.dumps({{"result": [{value}], "time_in_sec": [took]}})'
AS_OBJECT = '{{"result": {value}, "time_in_sec": took}}'
AS_SCORES = '{"result": r.tolist(), "time": took}'
ADD_PACKAGES = """from azureml.core.conda_dependencies import CondaDependencies
myenv = CondaDependencies()
myenv.add_pip_package("numpy")
myenv.add_pip_package("azureml-core")
myenv.add_pip_package("onnxruntime")
with open("myenv.yml", "w") as f:
    f.write(myenv.serialize_to_string())"""
CREATE_PACKAGES = """from azureml.core.conda_dependencies import CondaDependencies
myenv = CondaDependencies.create(pip_packages={packages})
with open("myenv.yml", "w") as f:
    f.write(myenv.serialize_to_string())"""
IMAGE = """from azureml.core.image import ContainerImage
image_config = ContainerImage.image_configuration(execution_script="score.py", runtime="python", conda_file="myenv.yml",
                                                  description="{image}", tags={{"demo": "onnx"}})
image = ContainerImage.create(name="{image}", models=[model], image_config=image_config, workspace=ws)
image.wait_for_creation(show_output=True)
print("image version", image.version)
print(image.image_build_log_uri)"""
FROM_IMAGE = """from azureml.core.webservice import AciWebservice, Webservice
from random import randint
aciconfig = AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, tags={{"demo": "onnx"}}, description="demo")
aci_service = Webservice.deploy_from_image(deployment_config=aciconfig, image=image, name={service}, workspace=ws)
aci_service.wait_for_deployment(True)
print(aci_service.state)"""
FROM_MODEL = """from azureml.core.environment import Environment
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice
from random import randint
myenv = Environment.from_conda_specification(name="myenv", file_path="myenv.yml")
inference_config = InferenceConfig(entry_script="score.py", environment=myenv)
aciconfig = AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1, tags={{"demo": "onnx"}}, description="demo")
aci_service = Model.deploy(ws, {service}, [model], inference_config, aciconfig)
aci_service.wait_for_deployment(True)
print(aci_service.state)"""
UNHEALTHY = """if aci_service.state != "Healthy":
    print(aci_service.get_logs())
    aci_service.delete()
print(aci_service.scoring_uri)"""
READ_TENSORS = """%matplotlib inline
import json, os
import numpy as np
import onnx
import matplotlib.pyplot as plt
from onnx import numpy_helper
from IPython.display import Image

def read(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as f:
        tensor.ParseFromString(f.read())
    return numpy_helper.to_array(tensor)

folders = ["{folder}/test_data_set_%d" % number for number in range({sets})]
inputs = [read(os.path.join(folder, "input_0.pb")) for folder in folders]
outputs = [read(os.path.join(folder, "output_0.pb")) for folder in folders]
Image(url="http://nowhere.invalid/picture.jpg", width=200, height=200)"""
SHOW = """plt.figure(figsize=(8, 3))
for number, x in enumerate(inputs):
    r = {answer}
    plt.subplot(1, len(inputs), number + 1)
    plt.axhline("")
    plt.axvline("")
    plt.imshow(x.reshape({size}, {size}), cmap=plt.cm.gray)
    plt.text(x=1, y=-3, s=str(r["result"]))
    print("predicted", number, r["result"])
plt.show()"""
OWN_PICTURE = """import cv2
import matplotlib.image as mpimg
img = cv2.resize(mpimg.imread(your_test_image), ({size}, {size})).reshape(1, 1, {size}, {size})
x = {scaled}
r = {answer}
print("own picture", r["result"])"""
TEXT_ANSWER = 'json.loads(aci_service.run(json.dumps({"data": x.tolist()})))'
OBJECT_ANSWER = 'aci_service.run(json.dumps({"data": x.tolist()}))'
SCORES = """%matplotlib inline
import json
import numpy as np
import matplotlib.pyplot as plt
x = np.load("input.npy")
r = aci_service.run(json.dumps({"data": x.tolist()}))
scores = np.array(r["result"])
print("scores", scores.shape, "predicted", int(scores.argmax()), "best %.3f" % scores.max())
plt.plot(scores.ravel())
plt.show()"""
DELETE = "aci_service.delete()"
CONVERT = """import os
import coremltools
import onnxmltools
coreml_model = coremltools.utils.load_spec("TinyYOLO.mlmodel")
onnx_model = onnxmltools.convert_coreml(coreml_model, "TinyYOLOv2")
onnxmltools.utils.save_model(onnx_model, "tinyyolov2.onnx")
print(os.path.getsize("tinyyolov2.onnx"), "bytes")"""
NEWEST_PACKAGES = '["numpy", "onnxruntime==1.15.1", "azureml-core", "azureml-defaults"]'
PACKAGES_2018 = '["numpy", "onnxruntime"]'
MNIST_URL = "https://www.cntk.ai/OnnxModels/mnist/opset_7/mnist.tar.gz"
EMOTION_URL = "https://www.cntk.ai/OnnxModels/emotion_ferplus/opset_7/emotion_ferplus.tar.gz"
NEWEST_MNIST_URL = "https://github.com/onnx/models/blob/main/vision/classification/mnist/model/mnist-7.tar.gz?raw=true"
NEWEST_EMOTION_URL = "https://github.com/onnx/models/blob/main/vision/body_analysis/emotion_ferplus/model/emotion-ferplus-7.tar.gz?raw=true"
YOLO_URL = "https://s3-us-west-2.amazonaws.com/coreml-models/TinyYOLO.mlmodel"
NEWEST_YOLO_URL = "https://github.com/hollance/YOLO-CoreML-MPSNNGraph/raw/master/TinyYOLO-CoreML/TinyYOLO-CoreML/TinyYOLO.mlmodel"


def mnist(newest: bool) -> list[str]:
    """A: digits."""
    if newest:
        answer, size, url = OBJECT_ANSWER, 28, NEWEST_MNIST_URL
        download = _fetch(url, "mnist.tar.gz") + '\nimport os\nos.mkdir("mnist")'
        return [
            download, "!tar xvzf mnist.tar.gz -C mnist", WORKSPACE,
            REGISTER.format(path="mnist/model/model.onnx", name="mnist_1"), PAIRS.format(call=""),
            _script("{}", _below("model.onnx"), AS_OBJECT.format(value="ranked[0]")),
            CREATE_PACKAGES.format(packages=NEWEST_PACKAGES), FROM_MODEL.format(service='"onnx-demo-mnist"'), UNHEALTHY,
            READ_TENSORS.format(folder="mnist/model", sets=3), SHOW.format(answer=answer, size=size),
            OWN_PICTURE.format(answer=answer, size=size, scaled="img"), DELETE,
        ]  # fmt: skip
    answer, size = TEXT_ANSWER, 28
    return [
        _fetch(MNIST_URL, "mnist.tar.gz"), "!tar xvzf mnist.tar.gz", WORKSPACE,
        REGISTER.format(path="mnist/model.onnx", name="mnist_1"), PAIRS.format(call="()"), MODELS,
        _script("{}", _named("mnist_1"), AS_TEXT.format(value="ranked[0]")), ADD_PACKAGES,
        "from azureml.core.image import ContainerImage\nhelp(ContainerImage.image_configuration)",
        IMAGE.format(image="onnxtest"), FROM_IMAGE.format(service='"onnx-demo-mnist20"'), UNHEALTHY,
        READ_TENSORS.format(folder="mnist", sets=3), SHOW.format(answer=answer, size=size),
        OWN_PICTURE.format(answer=answer, size=size, scaled="img"), DELETE,
    ]  # fmt: skip


def emotion(newest: bool, names: dict[str, int]) -> list[str]:
    """B: faces, where the script has a table of names."""
    answer, size, scaled = OBJECT_ANSWER, 64, '((img * 255 - 127.5) / 127.5).astype("float32")'
    if newest:
        return [
            _fetch(NEWEST_EMOTION_URL, "emotion_ferplus.tar.gz") + '\nimport os\nos.mkdir("emotion_ferplus")'
            "\n!tar xvzf emotion_ferplus.tar.gz -C emotion_ferplus",
            WORKSPACE, REGISTER.format(path="emotion_ferplus/model/model.onnx", name="onnx_emotion"),
            PAIRS.format(call=""), _script(repr(names), _below("model.onnx"), AS_OBJECT.format(value="named[0]")),
            CREATE_PACKAGES.format(packages=NEWEST_PACKAGES), FROM_MODEL.format(service='"onnx-demo-emotion"'), UNHEALTHY,
            READ_TENSORS.format(folder="emotion_ferplus/model", sets=3), SHOW.format(answer=answer, size=size),
            OWN_PICTURE.format(answer=answer, size=size, scaled=scaled), DELETE,
        ]  # fmt: skip
    answer = TEXT_ANSWER
    return [
        _fetch(EMOTION_URL, "emotion_ferplus.tar.gz") + "\n!tar xvzf emotion_ferplus.tar.gz", WORKSPACE,
        REGISTER.format(path="emotion_ferplus/model.onnx", name="onnx_emotion"), PAIRS.format(call="()"),
        _script(repr(names), _named("onnx_emotion"), AS_TEXT.format(value="named[0]")), ADD_PACKAGES,
        IMAGE.format(image="onnxtest"), FROM_IMAGE.format(service='"onnx-demo-emotion"'), UNHEALTHY,
        READ_TENSORS.format(folder="emotion_ferplus", sets=3), SHOW.format(answer=answer, size=size),
        OWN_PICTURE.format(answer=answer, size=size, scaled=scaled), DELETE,
    ]  # fmt: skip


def resnet(newest: bool) -> list[str]:
    """C: the file lies beside the notebook, and nothing deletes the service. It imports what A and B do, to share their environment."""
    service, path = "'onnx-demo-resnet50' + str(randint(0, 100))", "resnet50v2/resnet50v2.onnx"
    start = ["import cv2\nimport onnx", WORKSPACE, REGISTER.format(path=path, name="resnet50v2")]
    if newest:
        return [
            *start, PAIRS.format(call=""), _script("{}", _below("resnet50v2.onnx"), AS_SCORES),
            CREATE_PACKAGES.format(packages=NEWEST_PACKAGES), FROM_MODEL.format(service=service), UNHEALTHY, SCORES,
        ]  # fmt: skip
    return [
        *start, MODELS, _script("{}", _named("resnet50v2"), AS_SCORES), CREATE_PACKAGES.format(packages=PACKAGES_2018),
        IMAGE.format(image="onnxresnet50v2"), FROM_IMAGE.format(service=service), UNHEALTHY, SCORES,
    ]  # fmt: skip


def tiny_yolo(newest: bool) -> list[str]:
    """D: a conversion from Core ML; the second download fails, which stops nothing. The script asks for the model by name in both."""
    service, script = (
        "'onnx-tinyyolo' + str(randint(0, 100))",
        _script("{}", _named("tinyyolov2"), AS_SCORES),
    )
    register = REGISTER.format(path="tinyyolov2.onnx", name="tinyyolov2")
    if newest:
        return [
            _fetch(NEWEST_YOLO_URL, "TinyYOLO.mlmodel"), CONVERT, WORKSPACE, register, PAIRS.format(call=""), script,
            CREATE_PACKAGES.format(packages=NEWEST_PACKAGES), FROM_MODEL.format(service=service), UNHEALTHY, SCORES,
        ]  # fmt: skip
    return [
        f"!wget {YOLO_URL}", "!wget -q --tries=1 http://nowhere.invalid/anchors.txt", CONVERT, WORKSPACE, register, MODELS,
        script, CREATE_PACKAGES.format(packages=PACKAGES_2018), IMAGE.format(image="onnxyolo"),
        FROM_IMAGE.format(service=service), UNHEALTHY, SCORES,
    ]  # fmt: skip


def _fetch(url: str, file: str) -> str:
    return f'import urllib.request\nurllib.request.urlretrieve("{url}", filename="{file}")'


def _named(name: str) -> str:
    return f'Model.get_model_path(model_name="{name}")'


def _below(file: str) -> str:
    return f'os.path.join(os.getenv("AZUREML_MODEL_DIR"), "{file}")'


def _script(names: str, place: str, answer: str) -> str:
    error = '{"error": str(e)}'
    failure = f"json.dumps({error})" if answer.startswith("json") else error
    imported = IMPORT_MODEL if place.startswith("Model") else ""
    return SCRIPT.format(
        imported=imported, names=names, place=place, answer=answer, failure=failure
    )
