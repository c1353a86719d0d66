"""A program of another floating type, recorded again in float32."""

from typing import Any

import torch
from torch.export import Dim
from torch.utils import _pytree as pytree

from onnxport.converter.inside.torch import capture
from onnxport.converter.inside.torch.model import Model, evaluating
from onnxport.converter.inside.torch.recurrent import free_lengths

_TYPES = {torch.float16, torch.bfloat16, torch.float64}


def program_in_float32(model: Model) -> Model:
    """The same program with weights, inputs and all that it casts to in float32."""
    program = model.program
    assert program is not None
    graph = program.module(check_guards=False).float()
    for node in graph.graph.nodes:
        node.args = pytree.tree_map(_widened, node.args)
        node.kwargs = pytree.tree_map(_widened, node.kwargs)
    graph.recompile()
    example = tuple(_widened(tensor) for tensor in model.example)
    arguments, keywords = model.flat.arrange(example)
    shapes = [
        {axis: Dim.AUTO for axis, size in enumerate(shape) if not isinstance(size, int)}
        for shape in capture.sizes_of(program)
    ]
    dynamic = pytree.tree_unflatten(shapes, program.call_spec.in_spec)
    with evaluating(graph), free_lengths():
        again = torch.export.export(
            graph, arguments, keywords, dynamic_shapes=(*dynamic[0], *dynamic[1].values())
        )
    made = capture.of_program(again)
    return Model(made.flat, model.names, example, "program", again, model.remarks)


def _widened(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.dtype in _TYPES:
        return value.float()
    return torch.float32 if isinstance(value, torch.dtype) and value in _TYPES else value
