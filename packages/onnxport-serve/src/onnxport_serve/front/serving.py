"""Loads revisions and puts the HTTP application before them."""

from pathlib import Path

from onnxport_serve.app import build_app
from onnxport_serve.documents import EndpointSpec, Revision, verify_bundle
from onnxport_serve.front.interface import Serving
from onnxport_serve.log import Log
from onnxport_serve.machine import Machine, read_machine
from onnxport_serve.served import ServedRevision


def load_serving(spec: EndpointSpec, directory: Path, log: Log) -> Serving:
    """Verify and load every revision; raises `LoadError`, `BundleError` or `DocumentError`."""
    machine = read_machine().divided(spec.listen.fronts)
    log.info("machine", cores=machine.reason)
    revisions: dict[int, ServedRevision] = {}
    try:
        for revision in spec.revisions:
            revisions[revision.number] = _load(revision, spec, directory, machine, log)
    except BaseException:
        for loaded in revisions.values():
            loaded.close()
        raise
    return build_app(spec, revisions, log=log)


def _load(
    revision: Revision, spec: EndpointSpec, directory: Path, machine: Machine, log: Log
) -> ServedRevision:
    bundle = revision.bundle_directory(directory)
    manifest = verify_bundle(bundle, revision.digest)
    if manifest.kind == "script":
        from onnxport_serve.script.revision import load_script_revision

        return load_script_revision(
            revision, manifest, bundle, directory, spec=spec, machine=machine, log=log
        )
    from onnxport_serve.model.revision import load_revision

    return load_revision(
        revision,
        manifest,
        bundle,
        endpoint_name=spec.name,
        limits=spec.limits,
        machine=machine,
    )
