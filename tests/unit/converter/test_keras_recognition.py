"""The Keras converter tells its files by what is in them, finds code in them without running it, and survives what only looks like them."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.converter.interface import Code, ConversionRefused, Job
from onnxport.converter.keras import CONVERTER

HDF5 = b"\x89HDF\r\n\x1a\n"
DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}
LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wE="}}},
}
OWN = {"module": None, "class_name": "Scale", "config": {}, "registered_name": "my>Scale"}
CALL = {"class_name": "TFOpLambda", "config": {"function": "math.add"}}
WRITES = {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}
OLD_LAMBDA = {"class_name": "Activation", "config": {"function_type": "lambda"}}


def model(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": list(layers)},
        **more,
    }


def zipped(
    path: Path, config: object, weights: bytes = b"weights", version: str = "3.15.1"
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return path


def hdf5(path: Path, *configs: object, before: int = 3000) -> Path:
    held = b"\0\0".join(json.dumps(config).encode() for config in configs)
    path.write_bytes(HDF5 + b"\0" * before + b"layer_names" + b"\0" * 100 + held + b"\0" * 50)
    return path


def kind_of(path: Path) -> tuple[str, bool] | None:
    found = CONVERTER.recognise(path)
    return None if found is None else (found.kind.name, found.kind.runs_code)


def refusal(path: Path, code: Code | None = None) -> ConversionRefused:
    recognised = CONVERTER.recognise(path)
    assert recognised is not None
    with pytest.raises(ConversionRefused) as caught:
        CONVERTER.require(Job(path, recognised.kind.name, code=code), recognised)
    return caught.value


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (model(DENSE), "plain"),
        (model(LAMBDA), "lambda"),
        (model(DENSE, {"class_name": "TimeDistributed", "config": {"layer": LAMBDA}}), "lambda"),
        (model(CALL), "plain"),
        (model(WRITES), "lambda"),
        (model(OLD_LAMBDA), "lambda"),
        (model(OWN), "plain"),
    ],
    ids=["plain", "lambda", "nested", "computes", "writes", "old-lambda", "own-class"],
)
def test_code_in_a_configuration_is_found_in_both_formats(
    tmp_path: Path, config: dict[str, Any], expected: str
) -> None:
    runs = expected == "lambda"
    new, old = zipped(tmp_path / "a.bin", config), hdf5(tmp_path / "b.bin", config)

    assert ("keras-lambda" if runs else "keras", runs) == kind_of(new)
    assert ("hdf5-lambda" if runs else "hdf5", runs) == kind_of(old)


def test_code_is_found_in_every_configuration_of_a_file_not_only_the_first(tmp_path: Path) -> None:
    assert ("hdf5-lambda", True) == kind_of(hdf5(tmp_path / "m.h5", model(DENSE), model(LAMBDA)))


@pytest.mark.parametrize("before", [(4 << 20) - 60, (4 << 20) - 5, 9 << 20])
def test_a_configuration_is_found_across_the_blocks_of_a_file(tmp_path: Path, before: int) -> None:
    path = hdf5(tmp_path / "m.h5", model(DENSE, *[DENSE] * 2000), before=before)

    assert ("hdf5", False) == kind_of(path)


def test_the_metrics_of_training_are_not_looked_at(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.keras", model(DENSE, compile_config={"loss": OWN, "m": LAMBDA}))

    assert ("keras", False) == kind_of(path)


def test_weights_alone_ask_for_the_class(tmp_path: Path) -> None:
    path = hdf5(tmp_path / "m.weights.h5")

    assert ("weights", False) == kind_of(path)
    assert "--code" in refusal(path).remedy


def test_own_classes_ask_for_their_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.keras", model(DENSE, OWN))
    recognised = CONVERTER.recognise(path)

    assert "Scale" in refusal(path).message
    assert recognised is not None
    CONVERTER.require(Job(path, "keras", code=Code(Path("own.py"), "Scale")), recognised)


def test_a_file_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.keras", model(DENSE), weights=b"\0" * (300 << 20))

    assert "unpacks to 300 MiB" in refusal(path).message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("no-keras.zip", {"schema.json": b"{}"}),
        ("no-version.zip", {"config.json": b"{}", "metadata.json": b"{}"}),
        ("deep.zip", {"config.json": b"[" * 100_000, "metadata.json": b'{"keras_version": "3"}'}),
        ("text.zip", {"config.json": b"hello", "metadata.json": b"\xff"}),
    ],
)
def test_other_archives_are_not_ours(tmp_path: Path, name: str, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for member, body in content.items():
            archive.writestr(member, body)

    assert kind_of(tmp_path / name) is None


def test_hdf5_of_other_programs_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "data.h5"
    path.write_bytes(HDF5 + b"\0" * 500 + b"temperature" + b"\0" * 500)

    assert kind_of(path) is None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damaged_files_are_recognised_or_not_without_harm(
    tmp_path: Path, data: st.DataObject
) -> None:
    make = data.draw(st.sampled_from([zipped, hdf5]))
    whole = make(tmp_path / "whole", model(DENSE, OWN, LAMBDA)).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    place = data.draw(st.integers(0, max(0, cut - 1)))
    path = tmp_path / "damaged"
    path.write_bytes(whole[:place] + data.draw(st.binary(max_size=8)) + whole[place:cut])

    assert kind_of(path) in {
        None,
        ("keras", False),
        ("keras-lambda", True),
        ("hdf5", False),
        ("hdf5-lambda", True),
        ("weights", False),
    }


def test_many_beginnings_of_configurations_cost_little(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(HDF5 + b'{"config": {' * 400_000)

    assert kind_of(path) is None


@pytest.mark.parametrize(
    ("policy", "opset", "sample", "none_of"),
    [
        ("float32", None, None, {"the sizes of the sample", "computing in float32"}),
        ("float32", 17, {"x": 1}, {"opset 15", "computing in float32"}),
        ("mixed_bfloat16", None, {"x": 1}, set()),
        ("float16", None, None, {"the sizes of the sample"}),
    ],
)
def test_ways_that_change_nothing_are_no_remedies(
    tmp_path: Path,
    policy: str,
    opset: int | None,
    sample: dict[str, int] | None,
    none_of: set[str],
) -> None:
    layer = {
        **DENSE,
        "config": {"dtype": {"class_name": "DTypePolicy", "config": {"name": policy}}},
    }
    for file in (zipped(tmp_path / "m.keras", model(layer)), hdf5(tmp_path / "m.h5", model(layer))):
        kind = "keras" if file.suffix == ".keras" else "hdf5"
        offered = CONVERTER.remedies_for(Job(file, kind, opset=opset, sample=sample))

        assert tuple(r for r in CONVERTER.remedies if r not in none_of) == offered
