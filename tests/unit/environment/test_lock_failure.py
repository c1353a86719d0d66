"""What uv says becomes an error with a name in it; the texts are those of uv 0.13."""

import pytest
from onnxport.environment.conda_names import built_in_names
from onnxport.environment.errors import UvFailed
from onnxport.environment.lock_failure import explain_failure
from onnxport.errors import OnnxportError

_SOLVED = "error: No solution found when resolving dependencies"


def explain(*lines: str, unreachable: bool = False) -> OnnxportError:
    failure = UvFailed(lines, unreachable=unreachable)
    return explain_failure(
        failure, "myenv.yml", "3.8", built_in_names(), lambda wanted, _: f"[{wanted}]"
    )


@pytest.mark.parametrize(
    ("code", "words", "lines"),
    [
        (
            "package_not_found",
            "'scikit-lern'",
            (_SOLVED, "cause: Because scikit-lern was not found in the package registry and you require scikit-lern, we can conclude"),
        ),
        (
            "package_not_found",
            "'foo'",
            (_SOLVED, "cause: Because foo was not found in the provided package locations and bar depends on foo, we can conclude"),
        ),
        (
            "version_not_available",
            "six==99, which is not available for Python 3.8; the nearest that are: [six<=99], [six>=99]",
            (_SOLVED, "cause: Because there is no version of six==99 and you require six==99, we can conclude"),
        ),
        (
            "version_not_available",
            "numpy>2.2, which is not available for Python 3.8; the nearest that are: [numpy<=2.2], [numpy>=2.2]",
            (
                _SOLVED,
                "cause: Because the current Python version (3.8.18) does not satisfy Python>=3.10 and numpy>=2.2.1,<=2.2.6 depends on",
                "And because only the following versions of numpy are available:",
                "numpy<=2.2",
                "numpy>=2.2.1",
                "and you require numpy>2.2, we can conclude that your requirements are unsatisfiable.",
            ),
        ),
        (
            "no_file_for_python",
            "there are wheels for Python 3.6, 3.7, 3.8, 3.9",
            (
                _SOLVED,
                "cause: Because onnxruntime==1.7.0 has no wheels with a matching Python ABI tag (e.g., `cp312`) and you require onnxruntime==1.7.0",
                "hint: You require CPython 3.12 (`cp312`), but we only found wheels for `onnxruntime` (v1.7.0) with the following Python ABI tags: `cp36m`, `cp37m`, `cp38`, `cp39`",
            ),
        ),
        (
            "requirements_conflict",
            "requests==2.31.0 depends on idna",
            (
                _SOLVED,
                "cause: Because requests==2.31.0 depends on idna>=2.5,<4 and you require requests==2.31.0, we can conclude that you require idna>=2.5,<4.",
                "And because you require idna==2.0, we can conclude that your requirements are unsatisfiable.",
            ),
        ),
        (
            "package_build_failed",
            "scipy==1.2.1, which myenv.yml asks for, has no wheel for Python 3.8 on this machine, and building it failed: ModuleNotFoundError: No module named 'imp'",
            (
                "error: Failed to build `scipy==1.2.1`",
                "cause: The build backend returned an error",
                "ModuleNotFoundError: No module named 'imp'",
                "hint: This error likely indicates that `scipy@1.2.1` depends on `imp`",
            ),
        ),
        ("lock_failed", "disk", ("error: no space left on the disk",)),
    ],
)  # fmt: skip
def test_uvs_words_become_an_error(code: str, words: str, lines: tuple[str, ...]) -> None:
    error = explain(*lines)

    assert code == error.code
    assert words in error.message
    assert "myenv.yml" in error.message


def test_a_missing_network_is_said_before_anything_else() -> None:
    said = "cause: Because six was not found in the cache and you require six, we can conclude"

    assert "index_unreachable" == explain(_SOLVED, said, unreachable=True).code


def test_a_long_explanation_is_cut_at_its_beginning() -> None:
    error = explain(_SOLVED, "cause: " + "Because a depends on b " * 100 + "you lose.")

    assert len(error.message) < 700
    assert error.message.endswith("you lose.")
