"""A conversion to ONNX and the proof that it predicts the same. JSON form: `docs/specs/bundle.md`, proof document."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

PROOF_FORMAT = "onnxport-proof/1"


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted, by which converter, with which packages, when (RFC 3339, UTC)."""

    framework: str
    framework_version: str | None
    source_name: str
    source_sha256: str | None
    converter: str
    packages: Mapping[str, str]
    opset: int | None
    created: str

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` where a field is missing."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """How far one output of the ONNX model is from the source framework's, over all rows compared.

    Errors are the largest found; `label_flips` counts rows whose label differs; `worst` is the index of the largest absolute error;
    `varies` is false for an output that was the same on every row, which proves nothing.
    """

    name: str
    rows: int
    max_absolute_error: float
    max_relative_error: float
    max_ulp_error: float
    label_flips: int
    tolerance_absolute: float
    tolerance_relative: float
    worst: tuple[int, ...] | None
    varies: bool

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` where a field is missing."""
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        worst = fields["worst"]
        return cls(**{**fields, "worst": None if worst is None else tuple(worst)})


@dataclass(frozen=True, slots=True)
class InputSet:
    """One set of inputs that both sides ran on: `origin` is `sample` (the user's) or `generated`."""

    origin: str
    rows: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The report that a conversion predicts the same, bound to the ONNX bytes by `onnx_sha256` (hex)."""

    onnx_sha256: str
    proven: bool
    reason: str | None
    conversion: Conversion
    outputs: tuple[OutputComparison, ...]
    inputs: tuple[InputSet, ...]

    def to_json(self) -> dict[str, Any]:
        """The proof document."""
        return {"format": PROOF_FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read a proof document; `KeyError` or `ValueError` where it is not one."""
        if document["format"] != PROOF_FORMAT:
            raise ValueError(f"proof format {document['format']!r} is not {PROOF_FORMAT}")
        return cls(
            document["onnx_sha256"],
            document["proven"],
            document["reason"],
            Conversion.from_json(document["conversion"]),
            tuple(OutputComparison.from_json(output) for output in document["outputs"]),
            tuple(InputSet(entry["origin"], entry["rows"]) for entry in document["inputs"]),
        )
