"""Models of three sizes, generated with seeded weights: what is measured is arithmetic, not accuracy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_SEED = 7
_OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


@dataclass(frozen=True)
class Case:
    """One model and the request that is sent to it.

    Args:
        file: the ONNX file.
        shape: of its single input `X`, float32.
        outputs: name, element type and shape of each output.
    """

    name: str
    file: Path
    shape: tuple[int, ...]
    outputs: tuple[tuple[str, str, list[int | str]], ...]

    def sample(self) -> np.ndarray[Any, Any]:
        """One input, the same each time."""
        return np.random.default_rng(_SEED).random(self.shape, np.float32)


def make_cases(folder: Path, names: list[str]) -> list[Case]:
    """Generate the models that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    makers = {"iris": _iris, "mnist": _mnist, "resnet50": _resnet50}
    return [makers[name](folder / f"{name}.onnx") for name in names]


def _iris(file: Path) -> Case:
    """A logistic regression in the form that converters of scikit-learn models write."""
    nodes = [
        helper.make_node(
            "LinearClassifier",
            ["X"],
            ["label", "raw"],
            domain="ai.onnx.ml",
            coefficients=np.random.default_rng(_SEED).normal(size=12).tolist(),
            intercepts=[0.1, 0.2, 0.3],
            classlabels_ints=[0, 1, 2],
            multi_class=1,
            post_transform="SOFTMAX",
        ),
        helper.make_node("Normalizer", ["raw"], ["probabilities"], domain="ai.onnx.ml", norm="L1"),
    ]
    outputs = (
        ("label", "int64", ["N"]),
        ("probabilities", "float32", ["N", 3]),
    )
    return _save(file, nodes, [], Case("iris", file, (1, 4), outputs))


def _mnist(file: Path) -> Case:
    """Two convolutions and two dense layers, 24,794 parameters."""
    graph = _Graph()
    image = graph.conv("X", 1, 8, 5, pad=0)
    image = graph.pool(image)
    image = graph.conv(image, 8, 16, 5, pad=0)
    image = graph.pool(image)
    flat = graph.add("Flatten", image)
    hidden = graph.add("Relu", graph.dense(flat, 256, 80))
    graph.add("Identity", graph.dense(hidden, 80, 10), output="scores")
    outputs = (("scores", "float32", ["N", 10]),)
    return _save(file, graph.nodes, graph.weights, Case("mnist", file, (1, 1, 28, 28), outputs))


def _resnet50(file: Path) -> Case:
    """ResNet-50 with the normalisations folded into the convolutions, 25.5 million parameters."""
    case = Case("resnet50", file, (1, 3, 224, 224), (("scores", "float32", ["N", 1000]),))
    if file.exists():
        return case
    graph = _Graph()
    image = graph.conv("X", 3, 64, 7, stride=2, pad=3)
    image = graph.pool(image, size=3, pad=1)
    channels = 64
    for width, blocks, first in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            image = graph.bottleneck(image, channels, width, first if block == 0 else 1)
            channels = 4 * width
    flat = graph.add("Flatten", graph.add("GlobalAveragePool", image))
    graph.add("Softmax", graph.dense(flat, 2048, 1000), output="scores")
    return _save(file, graph.nodes, graph.weights, case)


class _Graph:
    """Nodes and weights under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(_SEED)

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def weight(self, *shape: int, scale: float) -> str:
        values = self._random.normal(scale=scale, size=shape).astype(np.float32)
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def conv(
        self,
        image: str,
        takes: int,
        gives: int,
        size: int,
        *,
        stride: int = 1,
        pad: int = 0,
        relu: bool = True,
    ) -> str:
        scale = (2 / (takes * size * size)) ** 0.5
        weight = self.weight(gives, takes, size, size, scale=scale)
        bias = self.weight(gives, scale=0.01)
        image = self.add("Conv", image, weight, bias, strides=[stride] * 2, pads=[pad] * 4)
        return self.add("Relu", image) if relu else image

    def pool(self, image: str, size: int = 2, pad: int = 0) -> str:
        shape = {"kernel_shape": [size] * 2, "strides": [2] * 2, "pads": [pad] * 4}
        return self.add("MaxPool", image, **shape)

    def dense(self, flat: str, takes: int, gives: int) -> str:
        weight = self.weight(takes, gives, scale=(1 / takes) ** 0.5)
        return self.add("Gemm", flat, weight, self.weight(gives, scale=0.01))

    def bottleneck(self, image: str, takes: int, width: int, stride: int) -> str:
        inner = self.conv(image, takes, width, 1)
        inner = self.conv(inner, width, width, 3, stride=stride, pad=1)
        inner = self.conv(inner, width, 4 * width, 1, relu=False)
        if takes != 4 * width:
            image = self.conv(image, takes, 4 * width, 1, stride=stride, relu=False)
        return self.add("Relu", self.add("Add", inner, image))


_CODES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


def _save(
    file: Path, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], case: Case
) -> Case:
    takes = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", *case.shape[1:]])
    gives = [
        helper.make_tensor_value_info(name, _CODES[dtype], shape)
        for name, dtype, shape in case.outputs
    ]
    graph = helper.make_graph(nodes, case.name, [takes], gives, weights)
    onnx.save(helper.make_model(graph, opset_imports=_OPSETS, ir_version=8), file)
    return case
