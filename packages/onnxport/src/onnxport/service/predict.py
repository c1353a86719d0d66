"""Predicting without an endpoint: the data plane's own code answers one request in a process of its own."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from onnxport.bundle.build import build_bundle
from onnxport.domain.names import is_reference
from onnxport.environment.own_python import own_python
from onnxport.errors import PlatformError, UserError
from onnxport.service.endpoint.score_request import RequestRefused
from onnxport.service.model.chosen import DeploySources, StandIns
from onnxport.service.sample.input_file import read_sample

_TIMEOUT_S = 600


class PredictionFailed(PlatformError):
    """The process that predicts ended without an answer."""

    code = "prediction_failed"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the prediction failed: {why}", "See what this machine lacks: onnxport doctor"
        )


class NothingToPredictWith(UserError):
    """A name to predict with that is neither an endpoint's nor a file's.

    `registered` says whether a model has it, which is then to be written as a reference.
    """

    code = "nothing_to_predict_with"

    def __init__(self, what: str, *, registered: bool) -> None:
        kinds = "endpoint or file" if registered else "endpoint, model or file"
        lists = "See the names with: onnxport endpoint list, onnxport model list. A registered model is written models:/NAME."
        remedy = f"For the registered model write: models:/{what}" if registered else lists
        super().__init__(f"there is no {kinds} {what!r}", remedy)


@dataclass(frozen=True, slots=True)
class Prediction:
    """An answer in the form of `/score`."""

    content_type: str
    body: bytes


def predict_once(sources: DeploySources, model: str | Path, sample: Path) -> Prediction:
    """The answer of a model file or a registered version to one input file.

    Raises:
        NothingToPredictWith: there is neither such a file nor is it a reference to a model.
        RequestRefused: the model does not take this input.
        PredictionFailed: the process ended without an answer.
        OnnxportError: as `DeploySources.find`, `read_sample` and `build_bundle` raise.
    """
    text = os.fspath(model)
    if not is_reference(text) and _is_missing(Path(text).expanduser()):
        raise NothingToPredictWith(text, registered=text in sources.models.names())
    found = sources.find(model, None)
    assert found.signature is not None
    body, content_type = read_sample(sample, found.signature)
    stand_ins = StandIns(sources)
    version = found.version or stand_ins.version_of(found)
    with tempfile.TemporaryDirectory(prefix="onnxport-predict-") as folder:
        bundle = build_bundle(Path(folder), [version], stand_ins.place)
        return _run_once(bundle.directory, body, content_type)


def _is_missing(path: Path) -> bool:
    """Whether nothing is there; a path that cannot be looked at has an error of its own, when it is read."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _run_once(bundle: Path, body: bytes, content_type: str) -> Prediction:
    command = [own_python(), "-P", "-m", "onnxport_serve.once"]
    command += ["--bundle", str(bundle), "--content-type", content_type]
    try:
        done = subprocess.run(
            command, input=body, capture_output=True, timeout=_TIMEOUT_S, check=False, cwd=bundle
        )
    except subprocess.TimeoutExpired as error:
        raise PredictionFailed(f"no answer within {_TIMEOUT_S} s") from error
    if done.returncode == 0:
        return Prediction("application/json", done.stdout)
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    last = lines[-1] if lines else f"exit code {done.returncode}"
    raise _refusal(last)


def _refusal(line: str) -> RequestRefused | PredictionFailed:
    try:
        error = json.loads(line)["error"]
        remedy = str(error["remedy"] or "Compare the input with: onnxport inspect MODEL")
        return RequestRefused("the model", str(error["message"]), remedy)
    except (ValueError, KeyError, TypeError):
        return PredictionFailed(line[:500])
