"""Requirements files are read as pip reads them; what cannot be locked is refused with its line."""

from pathlib import Path

import pytest
from fake.wheels import write_wheel
from onnxport.environment.specification import EnvironmentSpecification, read_specification
from onnxport.environment.specification_errors import (
    SpecificationInvalid,
    SpecificationUnreadable,
)

HASH = "sha256:" + "a" * 64


def read(folder: Path, text: str, name: str = "requirements.txt") -> EnvironmentSpecification:
    path = folder / name
    path.write_text(text)
    return read_specification(path)


def test_packages_with_comments_markers_extras_and_continuations(tmp_path: Path) -> None:
    specification = read(
        tmp_path,
        "# all\n\nnumpy>=1.26  # why\nsix \\\n  ==1.17.0\nuvicorn[standard]\npandas ; python_version<'3.9'\n",
    )

    assert (
        "numpy>=1.26",
        "six==1.17.0",
        "uvicorn[standard]",
        'pandas; python_version < "3.9"',
    ) == specification.requirements
    assert specification.python is None
    assert () == specification.notices


def test_hashes_stay_with_their_package(tmp_path: Path) -> None:
    specification = read(
        tmp_path, f"--require-hashes\nsix==1.17.0 \\\n    --hash={HASH} \\\n    --hash={HASH}\n"
    )

    assert (f"six==1.17.0 --hash={HASH} --hash={HASH}",) == specification.requirements


def test_options_are_passed_on_in_uvs_words(tmp_path: Path) -> None:
    specification = read(
        tmp_path,
        "-i https://a/simple\n--extra-index-url=https://b/simple\n-f wheels\n--pre\n--no-binary :all:\n--trusted-host h\n--prefer-binary\n",
    )

    assert (
        "--index-url=https://a/simple",
        "--extra-index-url=https://b/simple",
        f"--find-links={tmp_path / 'wheels'}",
        "--prerelease=allow",
        "--no-binary=:all:",
        "--allow-insecure-host=h",
    ) == specification.options


def test_included_files_are_found_from_the_file_that_includes_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "base.txt").write_text("-r deeper.txt\nsix\n-c bounds.txt\n")
    (tmp_path / "sub" / "deeper.txt").write_text("idna\n")
    (tmp_path / "sub" / "bounds.txt").write_text("idna<4\nazureml-core<2\n")
    specification = read(tmp_path, "-r sub/base.txt\n")

    assert ("idna", "six") == specification.requirements
    assert ("idna<4",) == specification.constraints


def test_a_wheel_beside_the_file_is_named_by_its_place(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "thing", "1.0")
    specification = read(tmp_path, f"./{wheel.name} ; python_version>='3'\n")

    assert (f"{wheel.as_uri()} ; python_version>='3'",) == specification.requirements


def test_a_password_is_noticed_and_never_shown(tmp_path: Path) -> None:
    specification = read(tmp_path, "--index-url https://me:secret@host/simple\nsix\n")

    assert "secret" not in repr(specification)
    assert "holds a password" in specification.notices[0]
    assert () == read(tmp_path, "--index-url https://me:${TOKEN}@host/simple\nsix\n").notices


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("six\n\nnumpy=1.2\n", "line 3 of requirements.txt is no requirement"),
        ("-e .\n", "installs a folder in place"),
        ("git+https://github.com/a/b\n", "names a repository"),
        ("b @ git+ssh://git@github.com/a/b\n", "names a repository"),
        (".\n", "is no requirement"),
        ("./\n", "names the folder"),
        ("./there.whl\n", "is not there"),
        ("./" + "a" * 5000 + ".whl\n", "is not there"),
        ("~nobody-of-this-name/a.whl\n", "is not there"),
        ("a @ file:///" + "a" * 5000 + "\n", "not on this machine"),
        ("a @ file:///nowhere/a.whl\n", "not on this machine"),
        ("a @ https://me:secret@host/a.whl\n", "password in the URL of a package"),
        ("-r https://host/x.txt\n", "from the network"),
        ("-r requirements.txt\n", "include one another"),
        ("--install-option=x\n", "--install-option"),
        ("six --global-option=x\n", "--global-option"),
        ("-r\n", "without a value"),
        ("[project]\n", "is no requirement"),
    ],
)
def test_what_cannot_be_followed_is_said_with_its_line(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(SpecificationInvalid, match=words) as caught:
        read(tmp_path, text)
    assert "secret" not in caught.value.message


def test_a_single_equals_sign_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SpecificationInvalid) as caught:
        read(tmp_path, "numpy=1.2\n")
    assert "Write == instead of =" in caught.value.remedy


def test_a_missing_file_that_is_included_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecificationUnreadable, match=r"gone\.txt"):
        read(tmp_path, "-r gone.txt\n")


@pytest.mark.parametrize("name", ["a" * 5000, "~nobody-of-this-name/x", "."])
def test_what_cannot_be_a_file_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecificationUnreadable):
        read(tmp_path, f"-r {name}\n")


def test_what_powershell_writes_is_read(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes("six==1.17.0\r\nidna\r\n".encode("utf-16"))

    assert ("six==1.17.0", "idna") == read_specification(path).requirements
