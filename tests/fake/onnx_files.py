"""Small ONNX files and the manifests of bundles around them."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxport_serve.documents import BundleManifest, BundleModel, BundleSample

TENSOR = {"type": "tensor", "dtype": "float32", "shape": ["N", 4]}
_MODEL = BundleModel("iris", 1, "models/iris/1", "m.onnx", "onnx", None, None)


def manifest_of(
    signature: dict[str, Any], sample: BundleSample | None = None, kind: str = "onnx"
) -> BundleManifest:
    return BundleManifest(
        kind=kind,
        models=(_MODEL,),
        signature=signature,
        sample=sample,
        code=None,
        environment=None,
        files=(),
    )


def save_identity(
    bundle: Path,
    sample: BundleSample | None = None,
    dtype: str = "float32",
    kind: int = TensorProto.FLOAT,
) -> BundleManifest:
    """A model that gives back its input [N, 4]."""
    nodes = [helper.make_node("Identity", ["X"], ["Y"])]
    _save(bundle, nodes, ("X", kind, ["N", 4]), ("Y", kind, ["N", 4]))
    tensor = {**TENSOR, "dtype": dtype}
    return manifest_of(_signature(tensor, dict(tensor)), sample)


def save_matmul(bundle: Path, size: int, repeats: int, *, external: bool = False) -> BundleManifest:
    """A model that multiplies its input [size, size] with a constant matrix several times."""
    weights = np.eye(size, dtype=np.float32)
    names = ["X", *(f"h{number}" for number in range(repeats - 1)), "Y"]
    nodes = [
        helper.make_node("MatMul", [first, "W"], [second])
        for first, second in itertools.pairwise(names)
    ]
    shape = [size, size]
    _save(
        bundle,
        nodes,
        ("X", TensorProto.FLOAT, shape),
        ("Y", TensorProto.FLOAT, shape),
        [numpy_helper.from_array(weights, "W")],
        external=external,
    )
    tensor = {"type": "tensor", "dtype": "float32", "shape": shape}
    return manifest_of(_signature(tensor, dict(tensor)))


def save_loop(bundle: Path) -> BundleManifest:
    """A model that adds 1 to 0 as often as its input says."""
    body = helper.make_graph(
        [
            helper.make_node("Add", ["sum", "one"], ["sum_out"]),
            helper.make_node("Identity", ["go"], ["go_out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.INT64, []),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_out", TensorProto.INT64, []),
        ],
        [numpy_helper.from_array(np.array(1, np.int64), "one")],
    )
    constants = [
        numpy_helper.from_array(np.array(True), "yes"),
        numpy_helper.from_array(np.array(0, np.int64), "zero"),
    ]
    node = helper.make_node("Loop", ["X", "yes", "zero"], ["Y"], body=body)
    _save(bundle, [node], ("X", TensorProto.INT64, []), ("Y", TensorProto.INT64, []), constants)
    tensor = {"type": "tensor", "dtype": "int64", "shape": []}
    return manifest_of(_signature(tensor, dict(tensor)))


def save_recurrent(bundle: Path, operator: str) -> BundleManifest:
    """A model with one recurrent operator, over its input [1, N, 4]."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    weights = [
        numpy_helper.from_array(np.full((1, gates * 2, size), 0.1, np.float32), name)
        for name, size in (("W", 4), ("R", 2))
    ]
    node = helper.make_node(operator, ["X", "W", "R"], ["", "Y"], hidden_size=2)
    shapes = ([1, "N", 4], [1, "N", 2])
    _save(
        bundle,
        [node],
        ("X", TensorProto.FLOAT, shapes[0]),
        ("Y", TensorProto.FLOAT, shapes[1]),
        weights,
    )
    takes, gives = ({**TENSOR, "shape": shape} for shape in shapes)
    return manifest_of(_signature(takes, gives))


def save_over_steps(bundle: Path, operator: str) -> BundleManifest:
    """A model with one transposed convolution along the last axis, or `Unique`, over its input [1, N, 4]."""
    kernel = numpy_helper.from_array(np.ones((3, 1, 2), np.float32), "W")
    nodes = {
        "ConvTranspose": helper.make_node("ConvTranspose", ["X", "W"], ["Y"]),
        "Unique": helper.make_node("Unique", ["X"], ["Y"], axis=1),
    }
    shape = [1, "N", 4]
    _save(
        bundle,
        [nodes[operator]],
        ("X", TensorProto.FLOAT, shape),
        ("Y", TensorProto.FLOAT, [1, None, None]),
        [kernel] if operator == "ConvTranspose" else [],
    )
    takes, gives = ({**TENSOR, "shape": given} for given in (shape, [1, None, None]))
    return manifest_of(_signature(takes, gives))


def _signature(takes: dict[str, Any], gives: dict[str, Any]) -> dict[str, Any]:
    return {
        "inputs": [{"name": "X", "type": takes, "required": True}],
        "outputs": [{"name": "Y", "type": gives, "required": True}],
    }


def _save(
    bundle: Path,
    nodes: list[onnx.NodeProto],
    takes: tuple[str, int, list[Any]],
    gives: tuple[str, int, list[Any]],
    constants: list[onnx.TensorProto] | None = None,
    *,
    external: bool = False,
) -> None:
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(*takes)],
        [helper.make_tensor_value_info(*gives)],
        constants or [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    file = bundle / "models/iris/1/m.onnx"
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, file, save_as_external_data=external, location="m.data" if external else None)
