"""What the installed ONNX Runtime says to a model. Runs in the child process only: sessions of unknown files may crash."""

import re
import time
from pathlib import Path
from typing import Any

from onnxport.domain.signature import NamedValue
from onnxport.inspect.finding import Finding, Severity
from onnxport.inspect.inspection import RuntimeCheck
from onnxport.inspect.structure import spell_domain
from onnxport.inspect.value_types import read_runtime_type

_NOISE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : |Load model from .*? failed:|/\S*?onnxruntime\S*:\d+ .*?\) (?=[A-Z])",
    re.DOTALL,
)
_LATEST = re.compile(r"is till opset (\d+)")
_LATEST_IR = re.compile(r"max supported IR version: (\d+)")
_NO_KERNEL = re.compile(r"Could not find an implementation for (\S+) node")
_MAX_TEXT = 400
_EXPORT_AGAIN = (
    "Export the model again, or check it with onnx.checker.check_model(path, full_check=True)."
)


def load_model(path: Path, schema: Any, model: Any) -> tuple[RuntimeCheck, list[Finding], Any]:
    """Create a session as the data plane does; gives the outcome, the findings that explain a refusal, and the session or `None`."""
    import onnxruntime

    started = time.monotonic()
    session, refusal = None, ""
    try:
        session = _create_session(str(path))
    except Exception as error:  # ONNX Runtime's errors share no base class of their own
        refusal = str(error)
    check = RuntimeCheck(
        onnxruntime.__version__, session is not None, round(time.monotonic() - started, 3)
    )
    findings = [] if session is not None else _explain(refusal, schema, model, check.version)
    return check, findings, session


def session_outputs(session: Any) -> tuple[NamedValue, ...]:
    """The outputs with the types that the session inferred; raises `Undescribable` for types that cannot be served."""
    return tuple(
        NamedValue(output.name, read_runtime_type(output.type, output.shape))
        for output in session.get_outputs()
    )


def _create_session(model: str | bytes) -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _explain(refusal: str, schema: Any, model: Any, version: str) -> list[Finding]:
    """Why the model was refused: its versions and its operators are tried alone; else the runtime's own words."""
    stamped = _refused_versions(schema, model, version)
    if stamped:
        return stamped
    unknown = _unknown_operators(model)
    if unknown:
        return [_unknown_operator(unknown, version)]
    kernel = _NO_KERNEL.search(refusal)
    if kernel:
        return [_no_kernel(kernel[1], version)]
    return [_refused(refusal, version)]


def _refused_versions(schema: Any, model: Any, version: str) -> list[Finding]:
    ir_refusal = _try_tiny_model(schema, model.ir_version, [("", 13)])
    if ir_refusal:
        return [_unsupported_ir(model.ir_version, ir_refusal, version)]
    findings = []
    for opset in model.opset_import:
        refusal = _try_tiny_model(schema, 7, [("", 13), (opset.domain, opset.version)])
        if refusal:
            domain = spell_domain(opset.domain)
            findings.append(_unsupported_opset(domain, opset.version, refusal, version))
    return findings


def _try_tiny_model(schema: Any, ir_version: int, opsets: list[tuple[str, int]]) -> str:
    """Load an identity stamped with these versions; gives the refusal, or an empty text."""
    tiny = schema.ModelProto(ir_version=ir_version)
    for domain, number in dict(opsets).items():
        tiny.opset_import.add(domain=domain, version=number)
    tiny.graph.name = "tiny"
    tiny.graph.node.add(op_type="Identity", input=["x"], output=["y"])
    for values, name in ((tiny.graph.input, "x"), (tiny.graph.output, "y")):
        kind = values.add(name=name).type.tensor_type
        kind.elem_type = schema.TensorProto.FLOAT
        kind.shape.dim.add(dim_value=1)
    try:
        _create_session(tiny.SerializeToString())
    except Exception as error:  # as in load_model
        return str(error)
    return ""


def _unknown_operators(model: Any) -> list[str]:
    """Operators of the main graph that the runtime has no schema for and the model does not define."""
    from onnxruntime.capi import onnxruntime_pybind11_state as binding

    known = {(spell_domain(s.domain), s.name) for s in binding.get_all_operator_schema()}
    known |= {(spell_domain(entry.domain), entry.name) for entry in model.functions}
    used = {(spell_domain(node.domain), node.op_type) for node in model.graph.node}
    return [f"{domain}:{name}" for domain, name in sorted(used - known)]


def _clean(refusal: str) -> str:
    text = " ".join(_NOISE.sub("", refusal).split())
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + " ..."


def _unsupported_opset(domain: str, number: int, refusal: str, version: str) -> Finding:
    latest = _LATEST.search(refusal)
    up_to = f" up to version {latest[1]}" if latest else " other versions"
    target = latest[1] if latest else "a lower version"
    return Finding(
        "unsupported_opset",
        Severity.ERROR,
        f"the model uses version {number} of the operator set {domain}; ONNX Runtime {version} supports{up_to}",
        "The model cannot be loaded.",
        f"Export with opset {target} or lower (opset_version={target}), or install a newer ONNX Runtime: "
        "pip install -U onnxruntime",
    )


def _unsupported_ir(number: int, refusal: str, version: str) -> Finding:
    latest = _LATEST_IR.search(refusal)
    up_to = f" up to version {latest[1]}" if latest else " other versions"
    target = latest[1] if latest else "10"
    return Finding(
        "unsupported_ir_version",
        Severity.ERROR,
        f"the file has IR version {number}; ONNX Runtime {version} reads{up_to}",
        "The model cannot be loaded.",
        f"Set model.ir_version = {target} with the onnx package and save, or install a newer ONNX Runtime: "
        "pip install -U onnxruntime",
    )


def _unknown_operator(names: list[str], version: str) -> Finding:
    return Finding(
        "unknown_operator",
        Severity.ERROR,
        f"operators that ONNX Runtime {version} does not have: {', '.join(names[:8])}",
        "The model cannot be loaded.",
        "Export with another opset, or install a newer ONNX Runtime: pip install -U onnxruntime",
    )


def _no_kernel(operator: str, version: str) -> Finding:
    return Finding(
        "no_implementation",
        Severity.ERROR,
        f"ONNX Runtime {version} has no implementation of {operator} for these element types on the CPU",
        "The model cannot be loaded.",
        "Export with other element types (float32 is always there) or another opset.",
    )


def _refused(refusal: str, version: str) -> Finding:
    return Finding(
        "refused_by_runtime",
        Severity.ERROR,
        f"ONNX Runtime {version} refuses the model: {_clean(refusal)}",
        "The model cannot be loaded.",
        _EXPORT_AGAIN,
    )
