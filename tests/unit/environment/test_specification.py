"""The kind of a file is told by what is in it; no file does harm."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.environment.conda_names import built_in_names
from onnxport.environment.specification import read_specification
from onnxport.environment.specification_errors import SpecificationUnreadable
from onnxport.environment.vendor_packages import canonical_name, is_vendor_package
from onnxport.errors import UserError

_WORDS = st.sampled_from(
    [
        "name: x", "dependencies:", "- pip:", "  - six", "- numpy=1.19", "- python=3.8", "channels: [a]", "variables: {A: b}",
        "six==1.0", "-r other.txt", "--index-url x", "azureml-core", "\\", "#", "- ", "? x", "&a", "*a", "<<: x", "---", "{", "[", "'",
        "%YAML 9", "!!python/object/apply:os.system [x]", "\t", "a @ file:///x", "six --hash=sha256:" + "0" * 64,
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "dependencies: [six]\n"),
        ("a", "# c\n{dependencies: [six]}\n"),
        ("a.json", '{"dependencies": ["six"]}'),
        ("a.yml", "six\n"),
        ("a.yaml", "---\ndependencies:\n  - six\n"),
    ],
)
def test_the_kind_is_told_by_the_content(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)

    assert ("six",) == read_specification(path).requirements


def test_files_that_are_none(tmp_path: Path) -> None:
    binary, vast = tmp_path / "binary", tmp_path / "vast"
    binary.write_bytes(bytes(range(256)))
    with vast.open("wb") as file:
        file.truncate(100_000_000)
    (tmp_path / "null").write_bytes(b"six\0\n")

    for path in (binary, vast, tmp_path / "null", tmp_path / "gone", tmp_path, Path("/dev/zero")):
        with pytest.raises(SpecificationUnreadable):
            read_specification(path)


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("\n# nothing\n")

    assert () == read_specification(path).requirements


@given(st.lists(_WORDS, max_size=12).map("\n".join) | st.text(max_size=200))
def test_any_text_is_a_specification_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        specification = read_specification(path, built_in_names())
    except UserError as error:
        assert error.remedy  # noqa: PT017 - either is fine, anything else is not
        return
    assert not any(is_vendor_package(canonical_name(r)) for r in specification.requirements)
    assert "\n" not in "".join(specification.requirements + specification.options)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_specification_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.txt"
    path.write_bytes(content)
    try:
        assert content == read_specification(path, built_in_names()).source
    except UserError as error:
        assert error.message  # noqa: PT017 - either is fine, anything else is not
