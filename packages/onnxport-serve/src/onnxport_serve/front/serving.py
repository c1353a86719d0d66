"""Loads revisions and puts the HTTP application before them."""

from pathlib import Path

from onnxport_serve.app import build_app
from onnxport_serve.documents import EndpointSpec, verify_bundle
from onnxport_serve.front.interface import Serving
from onnxport_serve.log import Log
from onnxport_serve.machine import read_machine
from onnxport_serve.model.revision import LoadedRevision, load_revision


def load_serving(spec: EndpointSpec, directory: Path, log: Log) -> Serving:
    """Verify and load every revision; raises `LoadError`, `BundleError` or `DocumentError`."""
    machine = read_machine().divided(spec.listen.fronts)
    log.info("machine", cores=machine.reason)
    revisions: dict[int, LoadedRevision] = {}
    for revision in spec.revisions:
        bundle = revision.bundle_directory(directory)
        manifest = verify_bundle(bundle, revision.digest)
        revisions[revision.number] = load_revision(
            revision,
            manifest,
            bundle,
            endpoint_name=spec.name,
            limits=spec.limits,
            machine=machine,
        )
    return build_app(spec, revisions, log=log)
