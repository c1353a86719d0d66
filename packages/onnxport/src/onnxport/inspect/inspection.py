"""What is in an ONNX file, as values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from onnxport.domain.signature import Signature
from onnxport.inspect.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class Opset:
    """One operator set that the model imports; the standard domain is written `ai.onnx`."""

    domain: str
    version: int


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """How many nodes (subgraphs included) use an operator."""

    domain: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ExternalFile:
    """A file with weights: its path relative to the model's folder (with `/`) and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class RuntimeCheck:
    """What the installed ONNX Runtime did with the model: its version, whether it loads it, and the seconds that took."""

    version: str
    loads: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that `onnxport inspect` tells about one ONNX file.

    `size` is that of the file itself in bytes. `parameters` counts the elements of all weights (initializers and constants,
    subgraphs included) and `weight_bytes` is what they take, in the file and in external files together. `runtime` is `None`
    when no session was asked for, or when an error was found before.
    """

    file: Path
    size: int
    signature: Signature
    opsets: tuple[Opset, ...]
    ir_version: int
    producer_name: str
    producer_version: str
    domain: str
    model_version: int
    description: str
    metadata: Mapping[str, str]
    nodes: int
    operators: tuple[OperatorCount, ...]
    functions: tuple[str, ...]
    custom_domains: tuple[str, ...]
    parameters: int
    weight_bytes: int
    external_files: tuple[ExternalFile, ...]
    findings: tuple[Finding, ...]
    runtime: RuntimeCheck | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the model from being served."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)

    @property
    def opset(self) -> int | None:
        """The version of the standard operator set, or `None` where the model imports none."""
        return next((opset.version for opset in self.opsets if opset.domain == "ai.onnx"), None)

    @property
    def total_size(self) -> int:
        """Bytes of the file and its external files."""
        return self.size + sum(file.size for file in self.external_files)

    def with_findings(self, *more: Finding) -> "Inspection":
        """The same with more findings at the end."""
        return replace(self, findings=(*self.findings, *more))

    def to_json(self) -> dict[str, Any]:
        """The JSON form, as `onnxport inspect --json` prints it."""
        return {
            "file": str(self.file),
            "size": self.size,
            "signature": self.signature.to_json(),
            "opsets": [asdict(opset) for opset in self.opsets],
            "ir_version": self.ir_version,
            "producer_name": self.producer_name,
            "producer_version": self.producer_version,
            "domain": self.domain,
            "model_version": self.model_version,
            "description": self.description,
            "metadata": dict(self.metadata),
            "nodes": self.nodes,
            "operators": [asdict(operator) for operator in self.operators],
            "functions": list(self.functions),
            "custom_domains": list(self.custom_domains),
            "parameters": self.parameters,
            "weight_bytes": self.weight_bytes,
            "external_files": [asdict(file) for file in self.external_files],
            "findings": [finding.to_json() for finding in self.findings],
            "runtime": asdict(self.runtime) if self.runtime else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError`, `TypeError` or `ValueError` where it is not one."""
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        runtime = document["runtime"]
        return cls(
            **{
                **fields,
                "file": Path(document["file"]),
                "signature": Signature.from_json(document["signature"]),
                "opsets": tuple(Opset(**entry) for entry in document["opsets"]),
                "operators": tuple(OperatorCount(**entry) for entry in document["operators"]),
                "functions": tuple(document["functions"]),
                "custom_domains": tuple(document["custom_domains"]),
                "external_files": tuple(
                    ExternalFile(**entry) for entry in document["external_files"]
                ),
                "findings": tuple(Finding.from_json(entry) for entry in document["findings"]),
                "runtime": None if runtime is None else RuntimeCheck(**runtime),
            }
        )
