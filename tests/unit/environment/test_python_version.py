"""Which Python a conda file wants."""

import pytest
from onnxport.environment.errors import PythonUnsupported
from onnxport.environment.python_version import check_python, running_python, wanted_python

OURS = running_python()


@pytest.mark.parametrize(
    ("specifier", "python"),
    [
        ("", None),
        ("==3.*", None),
        ("==3.8.*", "3.8"),
        ("==3.8", "3.8"),
        ("==3.8.13", "3.8"),
        ("==3.8.13.*", "3.8"),
        ("==3.10.18.*", "3.10"),
        ("==3.6.2.*", "3.8"),
        ("<3.8", "3.8"),
        ("<=3.9", "3.9"),
        (">=3.8,<3.10", "3.9"),
        (">=3.8", OURS),
        (">=3.6", OURS),
        ("~=3.9.1", "3.9"),
    ],
)
def test_a_specifier_gives_a_minor_version(specifier: str, python: str | None) -> None:
    assert python == wanted_python(specifier)[0]


def test_what_was_changed_is_said() -> None:
    assert "Python 3.8.13 is taken as 3.8, whatever its patch level" == wanted_python("==3.8.13")[1]
    assert (
        "Python 3.6.2 is older than any that is supported: 3.8 is used instead"
        == (wanted_python("==3.6.2.*")[1])
    )
    assert wanted_python("==3.8.*")[1] is None


@pytest.mark.parametrize("specifier", ["==2.7.*", "<3", ">=4", "==2.*"])
def test_other_pythons_are_refused(specifier: str) -> None:
    with pytest.raises(PythonUnsupported):
        wanted_python(specifier)


@pytest.mark.parametrize(("text", "python"), [("3.8", "3.8"), (" 3.11.4 ", "3.11")])
def test_a_person_may_name_a_python(text: str, python: str) -> None:
    assert python == check_python(text)


@pytest.mark.parametrize("text", ["3", "3.7", "2.7", "python3.8", "", "3.8; x", "3.100"])
def test_what_is_no_python_is_refused(text: str) -> None:
    with pytest.raises(PythonUnsupported):
        check_python(text)
