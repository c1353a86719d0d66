"""Inspect a file in a child process, bounded in memory and time, and turn whatever happens into a typed outcome."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Self

from onnxport.domain.signature import NamedValue, Signature
from onnxport.environment.own_python import own_python
from onnxport.inspect.errors import (
    CorruptModel,
    InspectionBroken,
    InspectionStopped,
    NotAnOnnxModel,
)
from onnxport.inspect.finding import Finding, Severity
from onnxport.inspect.inspection import Inspection, RuntimeCheck
from onnxport.inspect.limits import MAX_REPORT_BYTES, loading_limits, reading_limits

_PROGRAM = "onnxport.inspect._child"
_CHUNK = 1 << 20
_LAST_WORDS = 2000
_EXPORT = "Export the model to ONNX from its framework and give that file."


class _Stopped(Exception):
    """The child gave no more documents; `why` follows the words 'reading FILE' or 'loading it'."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def inspect_isolated(path: Path, size: int, *, load: bool) -> Inspection:
    """Inspect the ONNX file at `path`, of `size` bytes; with `load`, create a session too.

    Raises:
        CorruptModel, NotAnOnnxModel, InspectionStopped: the file cannot be read as a model.
        InspectionBroken: the child process does not work on this machine.
    """
    with _Child(path, size, load=load) as child:
        try:
            document = child.read(reading_limits(size).seconds)
        except _Stopped as stopped:
            raise InspectionStopped(path, stopped.why) from stopped
        if document is None:
            raise InspectionBroken("it ended without a word")
        if "refusal" in document:
            raise _refusal(path, document)
        inspection = replace(Inspection.from_json(document["inspection"]), file=path)
        try:
            outcome = child.read(loading_limits(inspection.total_size).seconds)
        except _Stopped as stopped:
            return inspection.with_findings(_runtime_stopped(stopped.why))
    return inspection if outcome is None else _with_outcome(inspection, outcome)


class _Child:
    """The child process and the lines that it prints."""

    def __init__(self, path: Path, size: int, *, load: bool) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        command = [own_python(), "-P", "-m", _PROGRAM, str(path.absolute()), str(size)]
        self._process = subprocess.Popen(
            [*command, "load" if load else "read"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def read(self, seconds: float) -> dict[str, Any] | None:
        """The next document, or `None` where the child ended well without one; raises `_Stopped` or `InspectionBroken`."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._output], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise _Stopped(f"took longer than {seconds:.0f} s and was stopped")
            chunk = os.read(self._output, _CHUNK)
            if not chunk:
                self._check_end()
                return None
            self._buffer += chunk
            if len(self._buffer) > 2 * MAX_REPORT_BYTES:
                raise _Stopped("gave a description without end and was stopped")
        line, _, rest = self._buffer.partition(b"\n")
        self._buffer = rest
        document: dict[str, Any] = json.loads(line)
        if document.get("refusal") == "out_of_memory":
            raise _Stopped("needed more memory than a sound model of its size does")
        return document

    def _check_end(self) -> None:
        """Wait for the end of the child; raises what its exit status says."""
        status = self._process.wait()
        if status == 0:
            return
        words = self._last_words()
        if "bad_alloc" in words or "MemoryError" in words:
            raise _Stopped("needed more memory than a sound model of its size does")
        if status == -signal.SIGXCPU:
            raise _Stopped("took too long and was stopped")
        if status < 0:
            raise _Stopped(f"crashed the process that does it ({signal.Signals(-status).name})")
        raise InspectionBroken(words.splitlines()[-1] if words else f"exit code {status}")

    def _last_words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _LAST_WORDS))
        return self._errors.read().decode(errors="replace").strip()


def _refusal(path: Path, document: Mapping[str, Any]) -> CorruptModel | NotAnOnnxModel:
    if document["refusal"] == "not_onnx":
        return NotAnOnnxModel(path, document["why"], _EXPORT)
    return CorruptModel(path, document["why"])


def _with_outcome(inspection: Inspection, outcome: Mapping[str, Any]) -> Inspection:
    signature = Signature(
        inspection.signature.inputs,
        tuple(NamedValue.from_json(output) for output in outcome["outputs"]),
    )
    findings = tuple(Finding.from_json(finding) for finding in outcome["findings"])
    return replace(
        inspection,
        signature=signature,
        runtime=RuntimeCheck(**outcome["runtime"]),
        findings=(*findings, *inspection.findings),
    )


def _runtime_stopped(why: str) -> Finding:
    return Finding(
        "runtime_stopped",
        Severity.ERROR,
        f"loading the model in ONNX Runtime {why}",
        "An endpoint could not start with it.",
        "Export the model again; if it is sound and large, deploy it where there is more memory.",
    )
