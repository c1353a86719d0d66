"""Both packages read the same documents and mean the same; who writes a document writes the golden bytes."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from onnxport.domain.bundle import BundleManifest
from onnxport.domain.endpoint import EndpointSpec
from onnxport.domain.status import EndpointStatus
from onnxport_serve.documents import parse_endpoint, parse_manifest
from onnxport_serve.signature import Signature
from onnxport_serve.supervisor.problem import Problem
from onnxport_serve.supervisor.status import Address, FrontEntry, Status

GOLDEN = Path(__file__).parents[3] / "golden"

DIGESTS = {
    "bundle_onnx": "sha256:c0efadc0b8c109edc65f070bdf27a9560c7931d6b97d9e197b913ba4ba98248b",
    "bundle_script": "sha256:111e6333ce8dc926a5cba67889bf8a54f5276227b3966f0ea03c22d992facd03",
}

STATUSES = {
    "status_degraded": Status(
        "degraded",
        4711,
        generation=6,
        attempted=7,
        error=(
            7,
            Problem("fake", "input 'X' is not there", "Send 'X'.", ("line 1", "line 2")),
        ),
        address=Address("127.0.0.1", 8080, "/run/iris.sock"),
        fronts=(FrontEntry(4712, 6, 1767225600.5),),
        restarts=3,
        warnings=("a warning",),
        decisions=("1 thread",),
    ),
    "status_failed": Status(
        "failed",
        4711,
        attempted=1,
        error=(1, Problem("address_in_use", "port 80 is taken", "Choose another.")),
    ),
}


def _golden(name):
    return (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", ["endpoint_plain", "endpoint_full"])
def test_the_control_plane_writes_the_golden_endpoint_document(name):
    assert _golden(name) == EndpointSpec.from_json(json.loads(_golden(name))).to_bytes()


@pytest.mark.parametrize("name", ["endpoint_plain", "endpoint_full"])
def test_both_packages_read_the_same_endpoint_document(name):
    written = asdict(EndpointSpec.from_json(json.loads(_golden(name))))
    written["weights"] = dict(written.pop("traffic")["percents"])
    assert written == asdict(parse_endpoint(_golden(name)))


@pytest.mark.parametrize("name", DIGESTS)
def test_the_control_plane_writes_the_golden_manifest_and_digest(name):
    manifest = BundleManifest.from_json(json.loads(_golden(name)))
    assert (_golden(name), DIGESTS[name]) == (manifest.to_bytes(), manifest.digest)


@pytest.mark.parametrize("name", DIGESTS)
def test_both_packages_read_the_same_manifest(name):
    manifest = BundleManifest.from_json(json.loads(_golden(name)))
    written = {**asdict(manifest), "signature": None}
    assert written == {**asdict(parse_manifest(_golden(name))), "signature": None}


def test_both_packages_read_the_same_signature():
    manifest = BundleManifest.from_json(json.loads(_golden("bundle_onnx")))
    stated = parse_manifest(_golden("bundle_onnx")).signature
    assert manifest.signature.to_json() == stated
    names = [(value.name, str(value.type), value.required) for value in manifest.signature.inputs]
    inputs = Signature.from_json(stated).inputs
    assert names == [(value.name, str(value.type), value.required) for value in inputs]


@pytest.mark.parametrize("name", STATUSES)
def test_the_data_plane_writes_the_golden_status_document(name):
    assert _golden(name) == STATUSES[name].to_bytes(1767225601.25)


@pytest.mark.parametrize("name", STATUSES)
def test_the_control_plane_reads_what_the_data_plane_observed(name):
    read, written = EndpointStatus.from_json(json.loads(_golden(name))), STATUSES[name]
    assert (read.state, read.generation, read.attempted, read.pid, read.restarts) == (
        written.state,
        written.generation,
        written.attempted,
        written.pid,
        written.restarts,
    )
    assert (read.error.generation, asdict(read.error)["log_tail"]) == (
        written.error[0],
        written.error[1].log_tail,
    )
    assert (read.warnings, read.decisions) == (written.warnings, written.decisions)
    assert [front.pid for front in read.fronts] == [front.pid for front in written.fronts]
