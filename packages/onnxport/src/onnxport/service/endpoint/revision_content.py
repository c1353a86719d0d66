"""What a revision runs, before it has a number."""

from dataclasses import dataclass
from pathlib import Path

from onnxport.bundle.interface import Bundle
from onnxport.domain.model import ModelVersion


@dataclass(frozen=True, slots=True)
class RevisionContent:
    """What a new revision runs: a bundle, its models, and for scoring code the directory of its environment."""

    bundle: Bundle
    models: tuple[ModelVersion, ...]
    environment: Path | None = None
