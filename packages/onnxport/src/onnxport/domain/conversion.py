"""A conversion to ONNX and the proof that it predicts the same. JSON form: `docs/specs/bundle.md`, proof document."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass
from typing import Any, Self

PROOF_FORMAT = "onnxport-proof/1"


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted, by which converter, with which packages, when (RFC 3339, UTC).

    `kind` is the kind of the source file, `remedy` what the converter had to try beyond the plain way.
    """

    framework: str
    framework_version: str | None
    source_name: str
    source_sha256: str | None
    converter: str
    packages: Mapping[str, str]
    opset: int | None
    created: str
    kind: str | None = None
    remedy: str | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` where a field is missing that must be there."""
        return cls(**_fields_of(cls, document))


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """How far one output of the ONNX model is from the source framework's, over all rows compared.

    Errors are the largest found; `label_flips` counts rows whose label differs; `worst` is the index of the largest absolute error;
    `varies` is false for an output that was the same on every row, which proves nothing. Rows are counted through all sets of inputs
    that gave one shape. `worst_values` are what the framework and what ONNX Runtime gave at `worst`; `flips_at` the first rows with
    another label.
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
    worst_values: tuple[float, float] | None = None
    flips_at: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read the JSON form; `KeyError` where a field is missing that must be there."""
        fields = _fields_of(cls, document)
        listed = {name: value for name, value in fields.items() if isinstance(value, list)}
        return cls(**{**fields, **{name: tuple(value) for name, value in listed.items()}})


@dataclass(frozen=True, slots=True)
class InputSet:
    """One set of inputs that both sides ran on.

    `origin` is `sample` (the user's), `generated`, or `expected` (the user's, with the answers that the user gave too).
    """

    origin: str
    rows: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The report that a conversion predicts the same, bound to the ONNX bytes by `onnx_sha256` (hex).

    `example` is the JSON body of a `/score` request out of the generated inputs, where there is a short one.
    """

    onnx_sha256: str
    proven: bool
    reason: str | None
    conversion: Conversion
    outputs: tuple[OutputComparison, ...]
    inputs: tuple[InputSet, ...]
    example: str | None = None

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
            document.get("example"),
        )


def _fields_of(kind: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a document has; those with a default may be missing: documents of before do not have them."""
    return {
        name: document[name] if known.default is MISSING else document.get(name, known.default)
        for name, known in kind.__dataclass_fields__.items()
    }
