"""Whether new revisions fit beside the running ones is estimated before anything is loaded."""

import json
from dataclasses import replace

import pytest
from onnxport_serve.documents import EndpointSpec, Listen, Resources, Revision, RunSettings
from onnxport_serve.machine import Machine
from onnxport_serve.supervisor.memory import lack_of_memory, too_little_allowed

MIB = 1024 * 1024


def _spec(directory, fronts=1):
    """Two revisions of 100 MiB of model files each, and a sample that does not count."""
    files = [
        {"path": "models/m/1/m.onnx", "size": 60 * MIB, "sha256": "b" * 64},
        {"path": "models/m/1/weights", "size": 40 * MIB, "sha256": "b" * 64},
        {"path": "sample/s.json", "size": 900 * MIB, "sha256": "b" * 64},
    ]
    model = {"name": "m", "version": 1, "path": "models/m/1", "file": "m.onnx", "framework": "x"}
    document = {
        "format": "onnxport-bundle/1",
        "kind": "onnx",
        "models": [model],
        "signature": {"inputs": [], "outputs": []},
        "files": files,
    }
    (directory / "b").mkdir()
    (directory / "b/bundle.json").write_text(json.dumps(document))
    revisions = tuple(Revision(number, "sha256:" + "a" * 64, "b") for number in (1, 2))
    return EndpointSpec("x", 1, revisions, {1: 100}, listen=Listen(fronts=fronts))


@pytest.mark.parametrize(
    ("fronts", "available", "fits"),
    [(1, 360 * MIB, True), (1, 359 * MIB, False), (2, 719 * MIB, False), (2, 720 * MIB, True)],
)
def test_each_front_needs_its_models_one_and_a_half_times_and_itself(
    tmp_path, fronts, available, fits
):
    problem = lack_of_memory(
        _spec(tmp_path, fronts), tmp_path, Machine(1, memory_available=available)
    )
    assert fits == (problem is None)


def test_the_refusal_says_how_much_is_needed_and_free(tmp_path):
    problem = lack_of_memory(_spec(tmp_path), tmp_path, Machine(1, memory_available=100 * MIB))
    assert "200 MiB of model files" in problem.message
    assert "needs about 360 MiB, and 100 MiB are free" in problem.message


def test_nothing_is_refused_where_nothing_is_known(tmp_path):
    assert lack_of_memory(_spec(tmp_path), tmp_path, Machine(1)) is None


@pytest.mark.parametrize(
    ("fronts", "allowed", "fits"),
    [(1, None, True), (1, 210, True), (1, 209, False), (2, 210, True), (1, 1, False)],
)
def test_a_revision_must_be_allowed_what_one_process_with_it_needs(tmp_path, fronts, allowed, fits):
    spec = _spec(tmp_path, fronts)
    first, second = spec.revisions
    limited = replace(second, resources=Resources(memory_mb=allowed))

    problem = too_little_allowed(replace(spec, revisions=(first, limited)), tmp_path)

    assert fits == (problem is None)
    if problem is not None:
        assert "memory_limit_too_small" == problem.code
        assert f"revision 2 may use {allowed} MiB" in problem.message
        assert "needs about 210 MiB" in problem.message
        assert "Deploy it with --memory 210 or more." == problem.remedy


def _script_spec(directory, workers):
    """A script whose one worker loads 100 MiB of model files."""
    spec = _spec(directory)
    file = directory / "b/bundle.json"
    code = {"directory": "code", "entry_script": "s.py"}
    document = {**json.loads(file.read_text()), "kind": "script", "signature": None, "code": code}
    document["files"] = [
        {"path": "code/s.py", "size": 1, "sha256": "b" * 64},
        *document["files"],
    ]
    file.write_text(json.dumps(document))
    revision = replace(
        spec.revisions[0],
        settings=RunSettings(workers=workers),
        resources=Resources(memory_mb=1),
    )
    return replace(spec, revisions=(revision,))


@pytest.mark.parametrize(
    ("workers", "needed"), [(None, 210), (1, 210), (3, 510)], ids=["unknown", "one", "three"]
)
def test_every_worker_of_a_script_loads_its_files(tmp_path, workers, needed):
    spec = _script_spec(tmp_path, workers)

    assert lack_of_memory(spec, tmp_path, Machine(1, memory_available=needed * MIB)) is None
    assert lack_of_memory(spec, tmp_path, Machine(1, memory_available=(needed - 1) * MIB))


def test_what_a_script_makes_of_its_files_is_not_foretold(tmp_path):
    assert too_little_allowed(_script_spec(tmp_path, 1), tmp_path) is None
