"""A converter whose files are Python programs: opening one runs it. For tests of what such a program can do in the sandbox."""

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
    PinnedEnvironment,
    Recognised,
)

_KIND = FileKind("code", (".code",), runs_code=True)


class CodeConverter(Converter):
    """Runs a file and says what the name `told` is afterwards."""

    name = "code"
    title = "code"
    kinds = (_KIND,)
    environment = PinnedEnvironment(Path("none.txt"), ("3.11",), 0, 0)

    def recognise(self, path: Path) -> Recognised | None:
        return Recognised(_KIND)

    def open(self, job: Job) -> Any:
        names = {"source": str(job.source), "told": None}
        exec(compile(job.source.read_text(), "code", "exec"), names)
        raise ConversionRefused(str(names["told"]), "none")

    def export(self, model: Any, job: Job) -> Exported:
        raise NotImplementedError

    def reference(self, model: Any, exported: Exported, job: Job) -> Iterator[Case]:
        raise NotImplementedError


CONVERTER = CodeConverter()
