"""What a SavedModel says of itself. Standard library only.

Source: tensorflow/core/protobuf/saved_model.proto, meta_graph.proto.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onnxport.converter.inside.tensorflow.wire import LENGTH, VARINT, Field, NotWire, Wire

FILE = "saved_model.pb"
_DEFAULT = "serving_default"
# What a graph can do to the machine that runs it, and no model needs (saving variables is done by other operations).
_RISKY = {
    "WriteFile",
    "PyFunc",
    "PyFuncStateless",
    "EagerPyFunc",
    "PrintV2",
    "SaveDataset",
    "SaveDatasetV2",
    "DatasetToTFRecord",
}
_RISKY |= {
    "CreateSummaryFileWriter",
    "DebugIdentity",
    "DebugIdentityV2",
    "DebugIdentityV3",
    "RpcCall",
    "RpcClient",
    "RpcServer",
}


@dataclass(frozen=True)
class MetaGraph:
    """One of the graphs of a SavedModel: its tags, its signatures, the files that it brings, and its operations."""

    tags: tuple[str, ...]
    signatures: tuple[str, ...]
    assets: tuple[str, ...]
    operations: frozenset[str] = frozenset()

    def chosen(self) -> str | None:
        """The signature to convert; `None` where there is none or a choice among several."""
        if _DEFAULT in self.signatures:
            return _DEFAULT
        return self.signatures[0] if len(self.signatures) == 1 else None


def meta_graphs(path: Path) -> list[MetaGraph] | None:
    """The graphs of a `saved_model.pb`; `None` when it is none."""
    with path.open("rb") as file:
        wire = Wire(file)
        try:
            fields = list(wire.fields())
            if [field.value for field in fields if field.number == 1] != [1]:
                return None
            kinds = [(field.number, field.kind) for field in fields]
            if set(kinds) != {(1, VARINT), (2, LENGTH)}:
                return None
            return [_meta_graph(wire, field) for field in fields if field.number == 2]
        except NotWire:
            return None


def served(graphs: Sequence[MetaGraph]) -> MetaGraph:
    """The graph for serving, else the first."""
    return next((graph for graph in graphs if "serve" in graph.tags), graphs[0])


def risky(operations: Iterable[str]) -> list[str]:
    """Those among the operations that write files, or call into Python."""
    return sorted(name for name in operations if name in _RISKY)


def outside_assets(graphs: Iterable[MetaGraph]) -> list[str]:
    """The files that the model brings and that would be read from outside of its folder."""
    names = [name for graph in graphs for name in graph.assets]
    return [name for name in names if _leads_out(PurePosixPath(name.replace("\\", "/")))]


def _leads_out(path: PurePosixPath) -> bool:
    return path.is_absolute() or ".." in path.parts


def _meta_graph(wire: Wire, whole: Field) -> MetaGraph:
    tags: list[str] = []
    signatures: list[str] = []
    assets: list[str] = []
    operations: set[str] = set()
    has_graph = False
    for field in wire.fields(whole.start, whole.end):
        if not 1 <= field.number <= 7 or field.kind != LENGTH:
            raise NotWire("not a field of a meta graph")
        if field.number == 2:
            has_graph = True
            operations |= set(_operations(wire, field))
        elif field.number == 1:
            tags += _texts(wire, field, 4)
        elif field.number == 5:
            signatures += _texts(wire, field, 1)
        elif field.number == 6:
            assets += _texts(wire, field, 2)
    if not has_graph:
        raise NotWire("no graph")
    own = tuple(sorted(name for name in signatures if not name.startswith("__saved_model_")))
    return MetaGraph(tuple(tags), own, tuple(assets), frozenset(operations))


def _texts(wire: Wire, whole: Field, number: int) -> list[str]:
    inner = wire.fields(whole.start, whole.end)
    return [wire.text(field) for field in inner if field.number == number]


def _operations(wire: Wire, graph: Field) -> Iterator[str]:
    """The operations of a graph and of the functions in its library."""
    for field in wire.fields(graph.start, graph.end):
        if field.number == 1:
            yield from _texts(wire, field, 2)
        elif field.number == 2:
            for function in wire.fields(field.start, field.end):
                if function.number == 1:
                    yield from _of_function(wire, function)


def _of_function(wire: Wire, function: Field) -> Iterator[str]:
    for field in wire.fields(function.start, function.end):
        if field.number == 3:
            yield from _texts(wire, field, 2)
