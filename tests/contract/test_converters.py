"""What every converter promises, over all that discovery finds. A converter brings models in `cases/<name>.py`."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from fake.converter_environment import run_script
from onnxport.converter.find import ConverterNotFound, converter_names, find_converter, module_of
from onnxport.converter.interface import Code
from onnxport.domain.conversion import Proof
from onnxport.errors import UserError
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.converters import list_converters
from onnxport.service.conversion.errors import TrustNeeded
from onnxport.service.conversion.options import ConvertOptions, Trust
from onnxport.service.conversion.source_digest import sha256_of

CASES = Path(__file__).parent / "cases"
NAMES = converter_names()
QUICK = {"sklearn", "lightgbm", "libsvm"}
"""Run by `make test`; all of them by `make test-converters`."""
TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}
each_converter = pytest.mark.parametrize("name", NAMES)
needs_environment = [pytest.mark.network, pytest.mark.timeout(600)]


def test_discovery_finds_the_files_of_the_folder_and_nothing_else() -> None:
    folder = Path(find_converter("sklearn").environment.lock).parents[1]
    expected = {path.stem for path in folder.glob("*.py")} - {"__init__", "find", "interface"}

    assert expected == set(NAMES)


def test_an_unknown_converter_is_answered_with_the_closest_name() -> None:
    with pytest.raises(ConverterNotFound, match="did you mean sklearn"):
        find_converter("sklern")


@each_converter
def test_a_converter_is_named_after_its_file_and_says_what_it_takes(name: str) -> None:
    converter = find_converter(name)

    assert name == converter.name
    assert converter.title
    assert converter.kinds


@each_converter
def test_importing_a_converter_imports_no_framework(name: str) -> None:
    script = f"import sys, {module_of(name)}; print([m for m in sys.modules if '.' not in m])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert not {"numpy", "onnx", "onnxruntime", "sklearn", "torch"} & set(eval(done.stdout))


@each_converter
def test_the_lock_pins_every_package_with_hashes_and_names_no_machine(name: str) -> None:
    lock = find_converter(name).environment.lock.read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z])", lock.partition("\n")[2])

    assert [] == [e[:40] for e in entries if not re.match(r"[a-z0-9_.-]+==\S+[^\n]*\\\n", e)]
    assert [] == [e[:40] for e in entries if "--hash=sha256:" not in e]
    assert [] == re.findall(r"https?:|file:|/home|/root|/opt|--index|--find-links", lock)


@each_converter
@pytest.mark.parametrize(
    "content",
    [b"", b"\x80", b"hello\n", b"PK\x03\x04", b"\x08\x07\x12\x07skl2onnx", b"{}", b"\x1f\x8b\x08"],
    ids=["empty", "one-byte", "text", "broken-zip", "onnx", "json", "broken-gzip"],
)
def test_a_file_of_another_kind_is_not_recognised(
    name: str, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(content)

    assert find_converter(name).recognise(path) is None


def test_the_list_shows_every_converter() -> None:
    assert NAMES == [status.converter.name for status in list_converters()]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(
            name,
            marks=[
                pytest.mark.xdist_group(name),
                *([] if name in QUICK else [pytest.mark.converters]),
            ],
        )
        for name in NAMES
    ],
)
def cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the saved models of a converter."""
    folder = tmp_path_factory.mktemp(request.param)
    run_script(request.param, CASES / f"{request.param}.py", folder)
    return folder


class TestInTheEnvironment:
    """What needs the framework."""

    pytestmark = needs_environment

    def test_saved_models_are_converted_and_proven(self, cases: Path, tmp_path: Path) -> None:
        for source in models_in(cases):
            result = converted(source, tmp_path)
            proof = result.proven.proof

            assert (True, None) == (proof.proven, proof.reason)
            assert hashlib.sha256(result.output.read_bytes()).hexdigest() == proof.onnx_sha256
            assert Proof.from_json(json.loads(result.proof_file.read_bytes())) == proof
            assert all(output.varies for output in proof.outputs)
            assert sha256_of(source) == proof.conversion.source_sha256
            assert all(rows_answered(result, rows) in (rows, None) for rows in (1, 2, 7))

    def test_a_damaged_file_of_each_kind_is_refused_and_leaves_nothing(
        self, cases: Path, tmp_path: Path
    ) -> None:
        for source in models_in(cases):
            damaged = tmp_path / source.name
            halve(source, damaged)
            with pytest.raises(UserError) as caught:
                converted(damaged, tmp_path, options_of(source))

            assert caught.value.remedy
            assert [damaged] == list(tmp_path.iterdir())
            shutil.rmtree(damaged) if damaged.is_dir() else damaged.unlink()


def models_in(folder: Path) -> list[Path]:
    beside = (".sample.npz", ".options.json")
    return sorted(p for p in folder.iterdir() if p.name != "more" and not p.name.endswith(beside))


def options_of(source: Path) -> ConvertOptions:
    """What a person would say of a model: the sample and the options beside it, and trust where it needs that."""
    sample = source.with_suffix(".sample.npz")
    beside = source.with_suffix(".options.json")
    said = json.loads(beside.read_text()) if beside.exists() else {}
    code = said.get("code")
    return ConvertOptions(
        sample=sample if sample.exists() else None,
        code=code
        and Code(Path(code["file"]), code["name"], tuple(code["positional"]), code["named"]),
        inputs=tuple(said.get("inputs", ())),
        outputs=tuple(said.get("outputs", ())),
    )


def converted(
    source: Path, folder: Path, options: ConvertOptions | None = None
) -> ConversionResult:
    options = replace(options or options_of(source), output=folder / f"{source.stem}.onnx")
    try:
        return convert_file(source, options)
    except TrustNeeded:
        return convert_file(source, replace(options, trust=Trust.SANDBOXED))


def halve(source: Path, damaged: Path) -> None:
    """Copy a model and cut its largest file in half."""
    if source.is_dir():
        shutil.copytree(source, damaged)
        cut = max(
            (path for path in damaged.rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
        )
    else:
        shutil.copyfile(source, damaged)
        cut = damaged
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])


def rows_answered(result: ConversionResult, rows: int) -> int | None:
    """How many rows come back for so many zeros; `None` where the model's first dimension is fixed."""
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    given = session.get_inputs()
    if any(value.shape[:1] != ["batch"] for value in given):
        return None
    inputs = {value.name: some_values(value, rows) for value in given}
    return len(session.run(None, inputs)[0])


def some_values(value: onnxruntime.NodeArg, rows: int) -> np.ndarray:
    sizes = [rows, *(size if isinstance(size, int) else 5 for size in value.shape[1:])]
    if value.type == "tensor(string)":
        return np.full(sizes, "", object)
    return np.zeros(sizes, TYPES[value.type])
