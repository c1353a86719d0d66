"""A small bundle with scoring code and one model."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import (
    Bundle,
    SampleRequest,
    Scoring,
    ScoringCode,
    ScoringEnvironment,
)
from onnxport.domain.model import ModelFile, ModelVersion

CODE = b"def init():\n    pass\n\n\ndef run(data):\n    return data\n"
WEIGHTS = bytes(range(256)) * 5
LONG = "a folder with a name that is long enough/" * 4 + "weights ü.bin"


def build_script_bundle(store: Path) -> Bundle:
    """The same bundle, wherever it is built."""
    file = ModelFile(LONG, len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())
    version = ModelVersion(
        "bert", 1, "", len(WEIGHTS), "custom", None, None, (file,), None, datetime.now(UTC)
    )  # fmt: skip
    environment = ScoringEnvironment(
        "3.11", "numpy==2.3.1\n", ("linux_x86_64",), "myenv.yml", b"name: x\n", {"MODE": "fast"}
    )
    scoring = Scoring(ScoringCode({"score.py": CODE}, "score.py", None), environment)

    def place(_: ModelVersion, directory: Path) -> None:
        path = directory / LONG
        path.parent.mkdir(parents=True)
        path.write_bytes(WEIGHTS)

    sample = SampleRequest(b'{"data": 1}', "application/json", "user")
    return build_bundle(store, [version], place, sample, scoring)
