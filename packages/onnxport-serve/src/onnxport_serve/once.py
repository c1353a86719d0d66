"""`python -m onnxport_serve.once`: one request answered by a bundle's model, without a server.

The body comes on standard input and the answer goes to standard output, through the same codec and session as an endpoint's
`/score`. A refusal is one JSON line on standard error and exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from onnxport_serve.codec import compile_codec
from onnxport_serve.documents import DocumentError, Limits, RunSettings, read_manifest
from onnxport_serve.errors import LoadError, RequestError
from onnxport_serve.machine import read_machine
from onnxport_serve.model.runner import Execution, failure
from onnxport_serve.model.session import check_signature, open_session
from onnxport_serve.signature import Signature

_NOT_ONNX = "This command runs bundles of kind 'onnx'."


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer one request; returns the exit code: 0 answered, 1 refused, 2 usage."""
    parser = argparse.ArgumentParser(prog="python -m onnxport_serve.once", description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle's directory")
    parser.add_argument("--content-type", default="application/json", help="of standard input")
    chosen = parser.parse_args(arguments)
    try:
        answer = answer_once(chosen.bundle, sys.stdin.buffer.read(), chosen.content_type)
    except RequestError as error:
        return _refuse(error.code, error.message, "")
    except LoadError as error:
        return _refuse(error.code, error.message, error.remedy)
    except DocumentError as error:
        return _refuse(error.code, str(error), "Deploy or build the bundle again.")
    sys.stdout.buffer.write(answer)
    return 0


def answer_once(bundle: Path, body: bytes, content_type: str) -> bytes:
    """The body of the answer that an endpoint with this bundle would give on `/score`.

    Raises:
        DocumentError: the bundle's manifest is unusable.
        LoadError: the model cannot be loaded.
        RequestError: the request is refused, or the run fails.
    """
    manifest = read_manifest(bundle)
    model = manifest.models[0] if manifest.models else None
    if manifest.signature is None or model is None or model.file is None:
        raise LoadError("kind_not_served", f"the bundle is of kind '{manifest.kind}'", _NOT_ONNX)
    signature = Signature.from_json(manifest.signature)
    codec = compile_codec(signature, name=model.name, json_depth=Limits().json_depth)
    call = codec.decode_score(body, content_type.encode())
    file = bundle / model.path / model.file
    session = open_session(file, RunSettings().providers, read_machine().threads)
    check_signature(session, signature)
    execution = Execution(session, [value.name for value in signature.outputs])
    try:
        outputs = execution(call)
    except Exception as error:
        raise failure(error) from error
    answered: bytes = call.encode(outputs, str(model.version)).body
    return answered


def _refuse(code: str, message: str, remedy: str) -> int:
    document = {"error": {"code": code, "message": message, "remedy": remedy}}
    sys.stderr.buffer.write(orjson.dumps(document) + b"\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
