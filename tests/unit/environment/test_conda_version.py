"""Match specifications of conda say the same in PEP 440."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.environment.conda_version import NotExpressible, parse_match
from packaging.specifiers import SpecifierSet


@pytest.mark.parametrize(
    ("text", "name", "specifier"),
    [
        ("numpy", "numpy", ""),
        ("numpy=1.19", "numpy", "==1.19.*"),
        ("numpy==1.19.5", "numpy", "==1.19.5"),
        ("numpy>=1.18,<2", "numpy", ">=1.18,<2"),
        ("numpy >= 1.18 , < 2", "numpy", ">=1.18,<2"),
        ("numpy>=1.18 <2", "numpy", ">=1.18,<2"),
        ("numpy=1.19.5=py38_0", "numpy", "==1.19.5.*"),
        ("numpy==1.19.5=py38_0", "numpy", "==1.19.5"),
        ("numpy 1.19.5 py38_0", "numpy", "==1.19.5"),
        ("conda-forge::numpy=1.2", "numpy", "==1.2.*"),
        ("conda-forge/linux-64::numpy=1.2", "numpy", "==1.2.*"),
        ("numpy 1.19.*", "numpy", "==1.19.*"),
        ("numpy=1.19*", "numpy", "==1.19.*"),
        ("numpy=*", "numpy", ""),
        ("numpy=*=*mkl*", "numpy", ""),
        ("numpy>=1.18.*", "numpy", ">=1.18"),
        ("numpy!=1.19.3", "numpy", "!=1.19.3"),
        ("numpy~=1.19", "numpy", "~=1.19"),
        ("numpy~=1", "numpy", ">=1"),
        ("numpy=1.20.0rc1", "numpy", "==1.20.0rc1"),
        ("PyYAML=5.4", "pyyaml", "==5.4.*"),
        ("foo[version='>=1.2,<2',build=x]", "foo", ">=1.2,<2"),
        ("ruamel_yaml=0.15", "ruamel_yaml", "==0.15.*"),
    ],
)
def test_conda_says(text: str, name: str, specifier: str) -> None:
    match = parse_match(text)

    assert (name, specifier) == (match.name, match.specifier)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("numpy=1.2|1.3", "choice"),
        ("openssl=1.1.1k", "no version"),
        ("!x", "name"),
        ("dask[complete]", "key=value"),
        ("numpy<*", "no range"),
    ],
)
def test_what_has_no_equal_says_why(text: str, why: str) -> None:
    with pytest.raises(NotExpressible, match=why):
        assert parse_match(text).specifier


@given(st.text(alphabet="ab1.2=<>!~*,| :[]'_-x\t", max_size=30) | st.text(max_size=30))
def test_any_text_is_a_match_or_refused(text: str) -> None:
    try:
        match = parse_match(text)
        SpecifierSet(match.specifier)
    except NotExpressible:
        return
    assert match.name == match.name.lower()
