"""The four deploying notebooks, run by `onnxport notebook run` in both of their forms, each twice in a row in one workspace.

Real files stand in for what the notebooks downloaded: the digits of 2018 themselves, a smaller model of faces, the topology of ResNet-50
with constant weights, and for Tiny YOLO a small Core ML network that is really converted, by the old packages that `auto` picks.

The newest forms make their folder with `os.mkdir`, which fails where it is there: their second run has a folder of its own.
"""

import base64
import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake.notebooks import outputs_of, printed, save_notebook
from heavy import old_notebooks
from heavy.cases import FOLDER
from heavy.endpoints import Program
from onnx import numpy_helper
from PIL import Image

pytestmark = [pytest.mark.heavy, pytest.mark.network, pytest.mark.timeout(600)]
COREML = FOLDER.parent / "converter-samples" / "coreml"
FORMS = pytest.mark.parametrize("newest", [False, True], ids=["2018", "newest"])


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One workspace for all notebooks, so that environments are built once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ONNXPORT_MIRROR", raising=False)
        program = Program(tmp_path_factory.mktemp("flows") / "workspace")
        yield program
        program("down", "--yes")


@dataclass(frozen=True)
class Flow:
    """One notebook in a person's folder."""

    program: Program
    folder: Path
    model: str
    image: str | None

    def run(self, cells: list[str], **values: object) -> Path:
        """Run it to its end; the finished notebook."""
        self.folder.mkdir(exist_ok=True)
        before = self.versions()
        notebook = save_notebook(self.folder / "notebook.ipynb", *cells)
        options = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
        done = self.program("notebook", "run", notebook, *options, timeout_s=400)

        output = notebook.with_suffix(".out.ipynb")
        logs = printed(output) if output.exists() else ""
        assert done.returncode == 0, done.stdout + done.stderr + logs
        assert "Healthy\n" in logs
        assert [version + 1 for version in before] == self.versions()
        assert f"model version {before[0] + 1}\n" in logs
        if self.image is not None:
            assert f"image version {before[1] + 1}\n" in logs
        return output

    def versions(self) -> list[int]:
        """The newest versions of the model and, where the form makes one, of the image."""
        kinds = [("model", self.model)] + ([("image", self.image)] if self.image else [])
        return [_newest(self.program.read(kind, "list"), name) for kind, name in kinds]

    def endpoints(self) -> list[str]:
        """The endpoints of the workspace."""
        return [one["name"] for one in self.program.read("endpoint", "list")]


@pytest.fixture
def flow(program: Program, tmp_path: Path) -> Callable[..., Flow]:
    """Makes flows in folders of their own."""
    return lambda name, *about: Flow(program, tmp_path / name, *about)


@FORMS
def test_a_digits(
    flow: Callable[..., Flow], program: Program, newest: bool, tmp_path: Path
) -> None:
    real = _real("mnist")
    url = old_notebooks.NEWEST_MNIST_URL if newest else old_notebooks.MNIST_URL
    _mirror(program, url, _tarball(tmp_path / "a.tar.gz", real, "model" if newest else "mnist"))
    picture = _picture(
        tmp_path / "own.png", np.load(real / "test_data_set_1" / "input_0.npy") * 255
    )
    for run in (1, 2):
        here = flow(f"run {run if newest else 1}", "mnist_1", None if newest else "onnxtest")
        output = here.run(old_notebooks.mnist(newest), your_test_image=picture)

        for number, digit in enumerate((4, 0, 5)):
            assert f"predicted {number} {digit if newest else [digit]}\n" in printed(output)
        assert f"own picture {0 if newest else [0]}\n" in printed(output)
        assert "SDK version: 1." in printed(output)
        _assert_has_picture(output)
        assert [] == here.endpoints()


@FORMS
def test_b_faces(flow: Callable[..., Flow], program: Program, newest: bool, tmp_path: Path) -> None:
    real = _real("emotion")
    names = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    url = old_notebooks.NEWEST_EMOTION_URL if newest else old_notebooks.EMOTION_URL
    folder = "model" if newest else "emotion_ferplus"
    _mirror(program, url, _tarball(tmp_path / "b.tar.gz", real, folder))
    face = np.load(real / "test_data_set_0" / "input_0.npy") * 127.5 + 127.5
    picture = _picture(tmp_path / "own.png", face)
    table = {name: place for place, name in enumerate(names)}
    for run in (1, 2):
        here = flow(f"run {run if newest else 1}", "onnx_emotion", None if newest else "onnxtest")
        output = here.run(old_notebooks.emotion(newest, table), your_test_image=picture)

        for number, name in enumerate(("happy", "neutral", "angry")):
            assert f"predicted {number} {name if newest else [name]}\n" in printed(output)
        assert f"own picture {'happy' if newest else ['happy']}\n" in printed(output)
        _assert_has_picture(output)
        assert [] == here.endpoints()


@FORMS
def test_c_resnet(flow: Callable[..., Flow], newest: bool) -> None:
    real = _real("resnet50_light")
    for _ in (1, 2):
        here = flow("here", "resnet50v2", None if newest else "onnxresnet50v2")
        _put(real / "model.onnx", here.folder / "resnet50v2" / "resnet50v2.onnx")
        _put(real / "test_data_set_0" / "input_0.npy", here.folder / "input.npy")
        output = here.run(old_notebooks.resnet(newest))

        assert "scores (1, 1000) predicted 0 best 0.001\n" in printed(output)
        _assert_has_picture(output)
        _delete_only(here, "onnx-demo-resnet50")


@FORMS
def test_d_tiny_yolo(flow: Callable[..., Flow], program: Program, newest: bool) -> None:
    if not COREML.is_dir():
        pytest.skip(f"there is no {COREML}")
    url = old_notebooks.NEWEST_YOLO_URL if newest else old_notebooks.YOLO_URL
    _mirror(program, url, COREML / "nn.mlmodel")
    expected = np.load(COREML / "nn_expected.npz")["out"]
    for _ in (1, 2):
        here = flow("here", "tinyyolov2", None if newest else "onnxyolo")
        here.folder.mkdir(exist_ok=True)
        np.save(here.folder / "input.npy", np.load(COREML / "nn_input.npz")["image"])
        output = here.run(old_notebooks.tiny_yolo(newest))

        best = f"scores (1, 5) predicted {expected.argmax()} best {expected.max():.3f}\n"
        assert best in printed(output)
        _assert_has_picture(output)
        _delete_only(here, "onnx-tinyyolo")


def _real(name: str) -> Path:
    if not (FOLDER / name / "model.onnx").is_file():
        pytest.skip(f"there is no {FOLDER / name}")
    return FOLDER / name


def _newest(listed: list[dict[str, Any]], name: str) -> int:
    """A list of models has one entry for each, a list of images one for each version."""
    field = "newest" if listed and "newest" in listed[0] else "version"
    return max((one[field] for one in listed if one["name"] == name), default=0)


def _mirror(program: Program, url: str, file: Path) -> None:
    done = program("mirror", "add", url, file)
    assert done.returncode == 0, done.stderr


def _tarball(path: Path, real: Path, folder: str) -> Path:
    """As the zoo packed it: the model and its test sets in protobuf."""
    with tarfile.open(path, "w:gz") as tar:
        _add(tar, f"{folder}/model.onnx", (real / "model.onnx").read_bytes())
        for number in range(3):
            for kind, name in (("input", "input"), ("expected", "output")):
                array = np.load(real / f"test_data_set_{number}" / f"{kind}_0.npy")
                content = numpy_helper.from_array(array).SerializeToString()
                _add(tar, f"{folder}/test_data_set_{number}/{name}_0.pb", content)
    return path


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _picture(path: Path, tensor: Any) -> Path:
    """A gray picture of a tensor, larger than the model wants it."""
    pixels = np.squeeze(tensor).round().astype("uint8")
    Image.fromarray(pixels.repeat(3, 0).repeat(3, 1)).save(path)
    return path


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def _delete_only(flow: Flow, start: str) -> None:
    """Delete the one endpoint that the notebook leaves."""
    (name,) = flow.endpoints()
    assert name.startswith(start)
    done = flow.program("endpoint", "delete", name, "--yes")
    assert done.returncode == 0, done.stderr


def _assert_has_picture(output: Path) -> None:
    data = [one.get("data", {}) for cell in outputs_of(output) for one in cell]
    (picture,) = ["".join(one["image/png"]) for one in data if "image/png" in one]
    assert min(Image.open(io.BytesIO(base64.b64decode(picture))).size) > 100
