"""Graphs of TensorFlow 1: frozen ones, and those beside a checkpoint. Run by a session, as TensorFlow 1 did."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onnxport.converter.inside.tensorflow.graph_file import Ends, node_name
from onnxport.converter.inside.tensorflow.runtime import load_tensorflow
from onnxport.converter.inside.tensorflow.traced import Traced, distinct, input_of, to_array
from onnxport.converter.interface import Arrays, ConversionRefused


def load_graph(path: Path, ends: Ends) -> Traced:
    """A frozen graph (GraphDef)."""
    tf = load_tensorflow()
    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(path.read_bytes())
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
        session = _session(tf, graph)
    return _traced(tf, session, ends)


def load_checkpoint(meta: Path, ends: Ends) -> Traced:
    """The graph of a `.meta` file with the values of the checkpoint beside it."""
    tf = load_tensorflow()
    prefix = str(meta.with_suffix(""))
    graph = tf.Graph()
    with graph.as_default():
        saver = tf.compat.v1.train.import_meta_graph(str(meta), clear_devices=True)
        session = _session(tf, graph)
        if saver is not None:
            saver.restore(session, prefix)
    return _traced(tf, session, ends)


def _session(tf: Any, graph: Any) -> Any:
    settings = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=2, inter_op_parallelism_threads=1, device_count={"GPU": 0}
    )
    return tf.compat.v1.Session(graph=graph, config=settings)


def _traced(tf: Any, session: Any, ends: Ends) -> Traced:
    from tf2onnx import tf_loader

    begins = _tensors(session.graph, ends.inputs)
    finals = _tensors(session.graph, ends.outputs)
    with session.graph.as_default():
        _fill_tables(session)
        frozen = tf_loader.freeze_session(
            session, [t.name for t in begins], [t.name for t in finals]
        )
        tables = _tables(session, frozen)
    with tf.Graph().as_default():
        tf.import_graph_def(frozen, name="")
        optimised = tf_loader.tf_optimize(
            [t.name for t in begins], [t.name for t in finals], frozen
        )
    inputs = distinct([_name(tensor, begins) for tensor in begins])
    outputs = distinct([_name(tensor, finals) for tensor in finals], inputs)

    def run(arrays: Arrays) -> Arrays:
        fed = {
            tensor: arrays[name].astype(object) if arrays[name].dtype.kind == "U" else arrays[name]
            for name, tensor in zip(inputs, begins, strict=True)
        }
        answers = session.run(finals, fed)
        return {name: to_array(value) for name, value in zip(outputs, answers, strict=True)}

    return Traced(
        optimised,
        tables,
        tuple(t.name for t in begins),
        tuple(t.name for t in finals),
        tuple(input_of(name, t.dtype, t.shape) for name, t in zip(inputs, begins, strict=True)),
        outputs,
        run,
        tf.__version__,
        _remarks(ends, inputs, outputs),
    )


def _fill_tables(session: Any) -> None:
    """Run what fills the tables of the graph: nobody else does for a frozen one."""
    operations = session.graph.get_operations()
    if filling := [
        o for o in operations if o.type.startswith(("InitializeTable", "LookupTableImport"))
    ]:
        session.run(filling)


def _tables(session: Any, graph_def: Any) -> dict[bytes, tuple[Any, Any]]:
    """Keys and values by the shared name of a table."""
    from tensorflow.python.ops import lookup_ops
    from tf2onnx.tf_utils import get_hash_table_info

    tables = {}
    for info in get_hash_table_info(graph_def):
        if info.shared_name is not None:
            table = lookup_ops.hash_table_v2(
                info.key_dtype, info.val_dtype, shared_name=info.shared_name
            )
            exported = lookup_ops.lookup_table_export_v2(table, info.key_dtype, info.val_dtype)
            tables[info.shared_name] = tuple(session.run(exported))
    return tables


def _tensors(graph: Any, names: Sequence[str]) -> list[Any]:
    """The tensors of these names; of a node named without `:0` all that it gives."""
    found = []
    for name in names:
        operation = graph.get_operation_by_name(node_name(name))
        port = name.partition(":")[2]
        if port and (not port.isdigit() or int(port) >= len(operation.outputs)):
            raise ConversionRefused(
                f"'{operation.name}' gives {len(operation.outputs)} tensors, so there is no '{name}'",
                f"Name '{operation.name}' or '{operation.name}:0'.",
            )
        found += [operation.outputs[int(port)]] if port else list(operation.outputs)
    return found


def _name(tensor: Any, among: Sequence[Any]) -> str:
    """The node's name, with the number of the tensor where several of its tensors are meant."""
    alone = sum(other.op is tensor.op for other in among) == 1
    return str(tensor.op.name if alone else f"{tensor.op.name}_{tensor.value_index}")


def _remarks(ends: Ends, inputs: Sequence[str], outputs: Sequence[str]) -> tuple[str, ...]:
    if not ends.guessed:
        return ()
    taken = f"the inputs {', '.join(inputs)} and the outputs {', '.join(outputs)}"
    return (
        f"the graph does not say where it begins and ends; taken were {taken}: name others with --inputs and --outputs",
    )
