"""TensorFlow: SavedModels, frozen graphs and checkpoints of TensorFlow 1, and TFLite files, through tf2onnx."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.interface import (
    Case,
    ConversionRefused,
    Converter,
    Exported,
    FileKind,
    Job,
    Live,
    PinnedEnvironment,
    Recognised,
)

_SAVED_MODEL = FileKind("savedmodel", (), runs_code=False)
_GRAPH = FileKind("graphdef", (".pb",), runs_code=False)
_CHECKPOINT = FileKind("checkpoint", (".meta", ".index"), runs_code=False)
_LITE = FileKind("tflite", (".tflite",), runs_code=False)
_TABLE_END = bytes.fromhex("57fb808b247547db")
"""The last bytes of the index of a checkpoint, a table of LevelDB."""

_LARGEST_INDEX = 64 << 20


class TensorFlowConverter(Converter):
    """Graphs that TensorFlow saved, as it runs them itself."""

    name = "tensorflow"
    title = "TensorFlow"
    kinds = (_SAVED_MODEL, _GRAPH, _CHECKPOINT, _LITE)
    environment = PinnedEnvironment(
        Path(__file__).parent / "locks" / "tensorflow.txt", ("3.11", "3.12", "3.13"), 330, 1590
    )
    remedies = ("opset 15", "unoptimised")

    def recognise(self, path: Path) -> Recognised | None:
        """By what is inside: the messages of a SavedModel or graph, the end of a checkpoint's index, the mark of TFLite."""
        from onnxport.converter.inside.tensorflow.graph_file import (
            nodes_of_graph,
            nodes_of_meta_graph,
        )
        from onnxport.converter.inside.tensorflow.saved_model_file import FILE, meta_graphs

        if path.is_dir():
            file = path / FILE
            return Recognised(_SAVED_MODEL) if file.is_file() and meta_graphs(file) else None
        with path.open("rb") as opened:
            head = opened.read(8)
        if head[4:8] == b"TFL3":
            return Recognised(_LITE)
        if _part_of_checkpoint(path):
            return Recognised(_CHECKPOINT)
        if head[:1] == b"\x08":
            return Recognised(_SAVED_MODEL) if meta_graphs(path) else None
        if head[:1] != b"\x0a":
            return None
        if nodes_of_meta_graph(path):
            return Recognised(_CHECKPOINT)
        return Recognised(_GRAPH) if nodes_of_graph(path) else None

    def require(self, job: Job, recognised: Recognised) -> None:
        """What can be told from the file: ends of a graph that are unclear, a SavedModel to choose from or that leaves its folder."""
        if recognised.kind == _SAVED_MODEL:
            _require_saved_model(job)
        elif recognised.kind in (_GRAPH, _CHECKPOINT):
            _ends(job)

    def remedies_for(self, job: Job) -> tuple[str, ...]:
        """An operator set that is asked for stays."""
        without = set() if job.opset is None else {"opset 15"}
        return tuple(remedy for remedy in self.remedies if remedy not in without)

    def open(self, job: Job) -> Any:
        """The model, ready to run."""
        if job.kind == _LITE.name:
            from onnxport.converter.inside.tensorflow.lite import load_lite

            return load_lite(job.source)
        if job.kind == _SAVED_MODEL.name:
            from onnxport.converter.inside.tensorflow.saved_model import load_saved_model

            # Whoever calls may not have asked before.
            _require_saved_model(job)
            return load_saved_model(job.source).with_outputs(job.outputs)
        from onnxport.converter.inside.tensorflow.frozen import load_checkpoint, load_graph

        if job.kind == _CHECKPOINT.name:
            return load_checkpoint(_meta_of(job.source), _ends(job))
        return load_graph(job.source, _ends(job))

    def export(self, model: Any, job: Job) -> Exported:
        """ONNX from tf2onnx, with the model's own names."""
        from onnxport.converter.inside.tensorflow.export import export_lite, export_traced

        return (export_lite if job.kind == _LITE.name else export_traced)(model, job)

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        """TensorFlow's own answers, or those of the TFLite interpreter."""
        from onnxport.converter.inside.tensorflow.cases import reference

        return reference(model, exported, job)

    def takes(self, model: object) -> bool:
        """A `tf.Module`, a `tf.function`, or what `tf.saved_model.load` gave."""
        return any(f"{c.__module__}.{c.__qualname__}" in _LIVE for c in type(model).__mro__)

    def save(self, model: Any, example: Any, folder: Path) -> Live:
        """A SavedModel of the object's function."""
        from onnxport.converter.inside.tensorflow.live import save_live

        place = folder / "model"
        sample, case = save_live(model, example, place)
        return Live(place, _SAVED_MODEL, sample=sample, cases=() if case is None else (case,))


CONVERTER = TensorFlowConverter()

_FUNCTIONS = "tensorflow.python.eager.polymorphic_function."
_LIVE = {
    "tensorflow.python.module.module.Module",
    "tensorflow.python.trackable.autotrackable.AutoTrackable",
    f"{_FUNCTIONS}polymorphic_function.Function",
    f"{_FUNCTIONS}concrete_function.ConcreteFunction",
}


def _require_saved_model(job: Job) -> None:
    from onnxport.converter.inside.tensorflow.saved_model_file import (
        FILE,
        meta_graphs,
        outside_assets,
        risky,
        served,
    )

    folder = job.source
    if not folder.is_dir():
        raise ConversionRefused(
            f"{folder.name} is a part of a SavedModel, whose variables lie beside it",
            "Name the folder that holds it.",
        )
    graphs = meta_graphs(folder / FILE)
    if graphs is None:
        raise ConversionRefused(f"{FILE} in {folder.name} is damaged", "Save the model again.")
    if outside := outside_assets(graphs):
        raise ConversionRefused(
            f"the SavedModel would read '{outside[0]}', which is outside of its folder",
            "Save the model again: its assets are copied into its folder then.",
        )
    graph = served(graphs)
    if len(graph.signatures) > 1 and graph.chosen() is None:
        raise ConversionRefused(
            f"the SavedModel has several signatures and none is called serving_default: {', '.join(graph.signatures)}",
            "Save it with the one to serve: tf.saved_model.save(tf.saved_model.load(folder), other, signatures=loaded.signatures[NAME]).",
        )
    found = risky(name for each in graphs for name in each.operations)
    if found and not job.trusted:
        raise ConversionRefused(
            f"the SavedModel holds operations that print, write files or call Python: {', '.join(found)}",
            "If you know where it comes from and vouch for it, run again with --trust.",
        )


def _ends(job: Job) -> Any:
    """Where the graph begins and ends; raises `ConversionRefused` where that, or its values, are missing."""
    from onnxport.converter.inside.tensorflow.graph_file import (
        Unclear,
        ends_of,
        has_variables,
        nodes_of_graph,
        nodes_of_meta_graph,
    )
    from onnxport.converter.inside.tensorflow.saved_model_file import risky

    if job.kind == _CHECKPOINT.name:
        nodes = nodes_of_meta_graph(_meta_of(job.source))
    else:
        nodes = nodes_of_graph(job.source)
        if nodes and has_variables(nodes):
            raise ConversionRefused(
                f"{job.source.name} is a graph whose variables have no values in it",
                "Freeze it (tf.compat.v1.graph_util.convert_variables_to_constants), or give the checkpoint's .meta file.",
            )
    if not nodes:
        raise ConversionRefused(f"the graph of {job.source.name} is damaged", "Save it again.")
    if (found := risky(node.operation for node in nodes)) and not job.trusted:
        raise ConversionRefused(
            f"the graph holds operations that print, write files or call Python: {', '.join(found)}",
            "If you know where it comes from and vouch for it, run again with --trust.",
        )
    try:
        return ends_of(nodes, job.inputs, job.outputs)
    except Unclear as error:
        raise ConversionRefused(
            f"{job.source.name} does not say where its graph begins and ends: {error}",
            "Name them: --inputs NAME,... --outputs NAME,... (names of nodes, or of tensors such as logits:0).",
        ) from None


def _part_of_checkpoint(path: Path) -> bool:
    """An index by its end, or the data beside an index."""
    if path.suffix == ".meta":
        return False
    if ".data-" in path.name:
        index = path.with_name(path.name.rpartition(".data-")[0] + ".index")
        return index.is_file() and _ends_as_table(index)
    return _ends_as_table(path)


def _ends_as_table(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if size < 48:
            return False
        file.seek(size - 8)
        return file.read(8) == _TABLE_END


def _meta_of(path: Path) -> Path:
    """The `.meta` file that belongs to any file of a checkpoint; raises `ConversionRefused` where the checkpoint lacks a part."""
    prefix = path.name.rpartition(".data-")[0] or path.name
    for suffix in (".meta", ".index"):
        prefix = prefix.removesuffix(suffix)
    meta, index = path.with_name(f"{prefix}.meta"), path.with_name(f"{prefix}.index")
    if meta.is_file():
        first_version = path.with_name(prefix)
        has_data = any(path.parent.glob(f"{_literal(prefix)}.data-*"))
        if (index.is_file() and has_data) or (first_version.is_file() and first_version != meta):
            return meta
        raise ConversionRefused(
            f"{meta.name} is a graph without its values",
            f"Put {prefix}.index and {prefix}.data-00000-of-00001 beside it.",
        )
    objects = index.is_file() and b"_CHECKPOINTABLE_OBJECT_GRAPH" in _start_of(index)
    what = "an object checkpoint of TensorFlow 2" if objects else "a checkpoint without its .meta"
    raise ConversionRefused(
        f"{path.name} is {what}: it holds values and no model to put them into",
        "Build the model in Python, restore the checkpoint (tf.train.Checkpoint(model=model).restore(...)), and save it whole: "
        "model.save('model.keras') or tf.saved_model.save(model, folder).",
    )


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_INDEX)
