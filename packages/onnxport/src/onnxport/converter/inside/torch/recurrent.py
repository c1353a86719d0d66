"""Recording LSTM and GRU with a free length: PyTorch records them by running all steps of the example, which fixes their number."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch._decomp import decomposition_table
from torch._subclasses.fake_tensor import is_fake

from onnxport.converter.interface import ConversionRefused

_IMPLICIT = torch._C.DispatchKey.CompositeImplicitAutograd  # noqa: SLF001


@contextmanager
def free_lengths() -> Iterator[None]:
    """While this holds, recording an LSTM or GRU asks only for the shapes that it gives; with real numbers it computes as always."""
    with ExitStack() as replaced:
        replaced.enter_context(_shaped_by(torch.ops.aten.lstm.input, _lstm))
        replaced.enter_context(_shaped_by(torch.ops.aten.gru.input, _gru))
        yield


@contextmanager
def _shaped_by(operator: Any, shapes: Callable[..., Any]) -> Iterator[None]:
    with ExitStack() as replaced:
        for kernels, key in ((operator.py_kernels, _IMPLICIT), (decomposition_table, operator)):
            replaced.callback(kernels.__setitem__, key, kernels[key])
            kernels[key] = _asking(shapes, kernels[key])
        operator._dispatch_cache.clear()  # noqa: SLF001
        replaced.callback(operator._dispatch_cache.clear)  # noqa: SLF001
        yield


def _asking(shapes: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    def kernel(given: Any, *others: Any, **named: Any) -> Any:
        return (shapes if is_fake(given) else original)(given, *others, **named)

    return kernel


def _lstm(given: Any, states: Sequence[Any], *others: Any) -> tuple[Any, Any, Any]:
    hidden, cell = states
    if int(hidden.shape[2]) != int(cell.shape[2]):
        raise ConversionRefused(
            "the model has an LSTM with a projection (proj_size), which ONNX does not have",
            "Write that layer with torch.nn.LSTMCell and a torch.nn.Linear for each step.",
        )
    return (
        _output(given, hidden, others),
        hidden.new_empty(hidden.shape),
        cell.new_empty(cell.shape),
    )


def _gru(given: Any, hidden: Any, *others: Any) -> tuple[Any, Any]:
    return _output(given, hidden, others), hidden.new_empty(hidden.shape)


def _output(given: Any, hidden: Any, others: Sequence[Any]) -> Any:
    """The states at all steps, both directions beside each other; `others` are the operator's arguments behind the states."""
    bidirectional, batch_first = others[5:7]
    if hidden.shape[1] != given.shape[0 if batch_first else 1]:
        raise RuntimeError(
            f"states for {hidden.shape[1]} rows do not fit an input of {given.shape}"
        )
    # The widths are those of the weights: `int` says so to the recording.
    int(given.shape[2])
    width = int(hidden.shape[2])
    return given.new_empty((*given.shape[:2], 2 * width if bidirectional else width))
