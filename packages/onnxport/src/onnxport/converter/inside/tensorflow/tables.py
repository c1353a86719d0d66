"""Tables of words and numbers, as ONNX's `LabelEncoder`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.making import Maker
from onnxport.converter.interface import ConversionRefused

_ML = "ai.onnx.ml"


def look_up(graph: Any, node: Any, tables: Mapping[Any, tuple[Any, Any]]) -> None:
    """A table between text, whole numbers and float numbers; between text and whole numbers it is tf2onnx's own."""
    from onnx import TensorProto
    from tf2onnx.custom_opsets.onnx_ml import LookupTableFind

    key, value = graph.get_dtype(node.input[1]), graph.get_dtype(node.output[0])
    if {key, value} == {TensorProto.STRING, TensorProto.INT64}:
        LookupTableFind.version_8(graph, node, initialized_tables=dict(tables))
        return
    table = node.inputs[0]
    while table.type == "Identity":
        table = table.inputs[0]
    found = tables.get(table.get_attr_value("shared_name"))
    if found is None:
        raise ConversionRefused(
            f"the contents of the table {table.name} are not known",
            "Save the model again with the table filled.",
        )
    default = node.inputs[2].get_tensor_value(as_list=False)
    shape = graph.get_shape(node.input[1])
    make = Maker(graph, node)
    wide_key, wide_value = _widest(key), _widest(value)
    given = make.inputs[1]
    if key != wide_key:
        given = make.inner("Cast", [given], wide_key, to=wide_key)
    entries = {
        **_attribute("keys_", wide_key, found[0]),
        **_attribute("values_", wide_value, found[1]),
        **{
            name[:-1]: values[0]
            for name, values in _attribute("default_", wide_value, [default]).items()
        },
    }
    make.shape = shape
    if value == wide_value:
        make.last("LabelEncoder", [given], domain=_ML, **entries)
    else:
        wide = make.inner("LabelEncoder", [given], wide_value, domain=_ML, **entries)
        make.last("Cast", [wide], to=value)
    if not graph.find_output_consumers(table.output[0]):
        graph.remove_node(table.name)


def _widest(kind: int) -> int:
    """The type of a table that `LabelEncoder` has for this one."""
    from onnx import TensorProto

    wide = {
        TensorProto.STRING: TensorProto.STRING,
        TensorProto.INT64: TensorProto.INT64,
        TensorProto.INT32: TensorProto.INT64,
        TensorProto.FLOAT: TensorProto.FLOAT,
    }
    if kind not in wide:
        name = TensorProto.DataType.Name(kind or 0).lower()
        raise ConversionRefused(
            f"the model looks up {name} in a table, for which ONNX has none",
            "Use tables of text, int64, int32 or float32.",
        )
    return int(wide[kind])


def _attribute(name: str, kind: int, values: Any) -> dict[str, list[Any]]:
    """The attribute of a `LabelEncoder` that holds these."""
    from onnx import TensorProto

    plain = [np.asarray(value).item() for value in values]
    if kind == TensorProto.STRING:
        return {f"{name}strings": plain}
    if kind == TensorProto.FLOAT:
        return {f"{name}floats": [float(value) for value in plain]}
    return {f"{name}int64s": [int(value) for value in plain]}
