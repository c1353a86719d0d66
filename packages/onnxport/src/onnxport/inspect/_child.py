"""The program of the child process: `python -m onnxport.inspect._child FILE SIZE LOAD`.

Prints JSON lines: first the inspection, or a refusal; then, where a session was asked for, what the runtime said. Whatever the
file makes it do (crash, run out of memory, run for ever) happens here.
"""

import json
import mmap
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from onnxport.inspect.describe import describe, leaves_types_open
from onnxport.inspect.inspection import Inspection
from onnxport.inspect.limits import (
    MAX_REPORT_BYTES,
    Limits,
    loading_limits,
    reading_limits,
)
from onnxport.inspect.parse import NotOnnx, parse_model
from onnxport.inspect.schema import load_schema
from onnxport.inspect.structure import Undescribable

OUT_OF_MEMORY = "out_of_memory"


def main(arguments: list[str]) -> None:
    """Inspect one file and print the outcome."""
    report = _take_over_stdout()
    file, size, load = Path(arguments[0]), int(arguments[1]), arguments[2] == "load"
    _bound(reading_limits(size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for document in inspect_file(file, size, load=load):
            _write(report, document)
    except MemoryError:
        _write(report, {"refusal": OUT_OF_MEMORY, "why": ""})


def inspect_file(file: Path, size: int, *, load: bool) -> Any:
    """Give the documents to print, one by one, so that what is known survives what comes after it."""
    schema = load_schema()
    try:
        model = _read_model(file, schema)
        inspection = describe(model, file, size)
        open_types = leaves_types_open(model)
    except NotOnnx as error:
        yield {"refusal": "not_onnx", "why": str(error)}
        return
    except (Undescribable, UnicodeDecodeError) as error:
        why = "it holds text that is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        yield {"refusal": "corrupt", "why": why}
        return
    yield {"inspection": inspection.to_json()}
    if (load or open_types) and not inspection.errors:
        _bound(loading_limits(inspection.total_size))
        yield _load(file, schema, model, inspection, open_types=open_types)


def _read_model(file: Path, schema: Any) -> Any:
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if not size:
            raise Undescribable("it is empty")
        with (
            mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as data,
        ):
            return parse_model(data, schema)


def _load(
    file: Path, schema: Any, model: Any, inspection: Inspection, *, open_types: bool
) -> dict[str, Any]:
    from onnxport.inspect.runtime import load_model, session_outputs

    check, findings, session = load_model(file, schema, model)
    outputs = inspection.signature.outputs
    if session is not None and open_types:
        outputs = session_outputs(session)
    return {
        "runtime": {"version": check.version, "loads": check.loads, "seconds": check.seconds},
        "findings": [finding.to_json() for finding in findings],
        "outputs": [output.to_json() for output in outputs],
    }


def _take_over_stdout() -> int:
    """Keep standard output for the report: libraries that print write to standard error instead."""
    report = os.dup(1)
    os.dup2(2, 1)
    return report


def _bound(limits: Limits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_limit(resource.RLIMIT_AS, limits.memory_bytes)
    _set_limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + 4 * limits.seconds) + 1)


def _set_limit(kind: int, wanted: int) -> None:
    """Set a soft limit, below the hard one that the machine's owner may have set."""
    _, hard = resource.getrlimit(kind)
    unlimited = hard == resource.RLIM_INFINITY
    # macOS refuses some limits on memory; time stays bounded there.
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (wanted if unlimited else min(wanted, hard), hard))


def _write(report: int, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=True).encode() + b"\n"
    if len(text) > MAX_REPORT_BYTES:
        text = json.dumps({"refusal": "corrupt", "why": "its description is too long"}).encode()
    written = 0
    while written < len(text):
        written += os.write(report, text[written:])


if __name__ == "__main__":
    main(sys.argv[1:])
