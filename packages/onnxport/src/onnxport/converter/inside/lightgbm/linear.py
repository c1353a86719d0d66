"""Trees with linear leaves: which leaf a row falls into, tree by tree, and the sum of what the leaves make of the row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from onnxport.converter.inside.lightgbm.text import Linear, Model
from onnxport.converter.inside.trees.forest import LEAF, Tree, write_forest
from onnxport.converter.inside.trees.graph import INPUT, Graph


def write_linear(graph: Graph, model: Model) -> str:
    """Add the sums [batch, outputs] to the graph, made in float64 as LightGBM makes them; return the float32 tensor."""
    places = [_with_places(tree, number) for number, tree in enumerate(model.trees)]
    found = write_forest(graph, places, np.zeros(len(places)), INPUT, double=graph.is_double)
    sizes = [len(leaves.values) for leaves in model.linear]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    whole = graph.add("Cast", found, to=TensorProto.INT64)
    leaves = graph.add("Add", whole, graph.constant(starts))
    by_tree = graph.add("Transpose", leaves, perm=[1, 0])
    targets = np.array([tree.target for tree in model.trees])
    weights = np.eye(model.outputs)[targets]
    nothing = graph.add("Mul", _first_column(graph), graph.constant(np.zeros((1, model.outputs))))
    sums = graph.add(
        "Scan",
        nothing,
        by_tree,
        graph.constant(weights),
        body=_body(graph, model.linear),
        num_scan_inputs=2,
    )
    return graph.add("Cast", sums, to=TensorProto.FLOAT)


def _with_places(tree: Tree, number: int) -> Tree:
    """The tree with the number of the leaf, among the tree's leaves, as its value."""
    is_leaf = np.asarray(tree.feature) == LEAF
    places = np.where(is_leaf, np.cumsum(is_leaf) - 1, 0)
    return replace(tree, weights=places.astype(np.float64).reshape(-1, 1), target=number)


def _first_column(graph: Graph) -> str:
    """Ones [batch, 1] in float64."""
    shape = graph.add("Shape", INPUT, start=0, end=1)
    one = graph.constant(np.array([1], np.int64))
    both = graph.add("Concat", shape, one, axis=0)
    return graph.add("Expand", graph.constant(np.ones((1, 1))), both)


def _body(graph: Graph, linear: Sequence[Linear]) -> Any:
    """What is done for each tree: take each row's leaf, and add what it gives to the sum of the tree's output."""

    def all_of(name: str) -> Any:
        return graph.constant(np.concatenate([getattr(leaves, name) for leaves in linear]))

    values, constants = all_of("values"), all_of("constants")
    coefficients, used = all_of("coefficients"), all_of("used")
    rows = INPUT if graph.is_double else graph.add("Cast", INPUT, to=TensorProto.DOUBLE)
    missing = graph.add("IsNaN", INPUT)
    zero, none = graph.constant(np.float64(0.0)), graph.constant(np.int64(0))
    last_axis = graph.constant(np.array([1], np.int64))
    node = helper.make_node
    nodes = [
        node("Gather", [coefficients, "leaf"], ["factors"]),
        node("Gather", [used, "leaf"], ["uses"]),
        node("And", ["uses", missing], ["lacks"]),
        node("Cast", ["lacks"], ["lacks_number"], to=TensorProto.INT64),
        node("ReduceSum", ["lacks_number", last_axis], ["lacking"], keepdims=0),
        node("Greater", ["lacking", none], ["is_lacking"]),
        node("Mul", ["factors", rows], ["products"]),
        node("Where", ["uses", "products", zero], ["terms"]),
        node("ReduceSum", ["terms", last_axis], ["slope"], keepdims=0),
        node("Gather", [constants, "leaf"], ["constant"]),
        node("Add", ["constant", "slope"], ["linear"]),
        node("Gather", [values, "leaf"], ["value"]),
        node("Where", ["is_lacking", "value", "linear"], ["given"]),
        node("Unsqueeze", ["given", last_axis], ["given_column"]),
        node("Mul", ["given_column", "weight"], ["part"]),
        node("Add", ["sum", "part"], ["next_sum"]),
    ]
    value = helper.make_tensor_value_info
    return helper.make_graph(
        nodes,
        "tree",
        [
            value("sum", TensorProto.DOUBLE, None),
            value("leaf", TensorProto.INT64, None),
            value("weight", TensorProto.DOUBLE, None),
        ],
        [value("next_sum", TensorProto.DOUBLE, None)],
    )
