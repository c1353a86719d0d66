"""Every name and parameter recorded of the vendor's SDK is there, or says what to use instead."""

import inspect
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import generate_azureml_coverage as coverage  # noqa: E402
from azureml._not_provided import Absent  # noqa: E402

RECORDED = coverage.recorded()


def test_the_page_is_the_one_that_the_code_makes():
    assert (DOCS / "reference" / "azureml-coverage.md").read_text() == coverage.coverage_page()


@pytest.mark.parametrize("path", RECORDED)
def test_no_recorded_name_is_missing(path):
    kind = coverage.find(path)
    if isinstance(kind, Absent):
        return
    annotated = {name for one in kind.__mro__ for name in getattr(one, "__annotations__", {})}
    source = inspect.getsource(kind)
    missing = [
        name
        for member, parameters in RECORDED[path].items()
        for name in (parameters if member == "*" else [member])
        if name != "()"
        and not hasattr_static(kind, name)
        and name not in annotated
        and f"self.{name} =" not in source
        and f"self.{name}:" not in source
    ]

    assert [] == missing


@pytest.mark.parametrize("path", RECORDED)
def test_every_recorded_parameter_is_accepted(path):
    kind = coverage.find(path)
    if isinstance(kind, Absent):
        return
    refused = []
    for member, parameters in RECORDED[path].items():
        if member == "*" or coverage.refusal(kind, member) is not None:
            continue
        function = kind if member == "()" else getattr(kind, member)
        signature = inspect.signature(function).parameters
        if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.values()):
            continue
        refused += [f"{member}({name})" for name in parameters if name not in signature]

    assert [] == refused


def hasattr_static(kind, name) -> bool:
    return inspect.getattr_static(kind, name, None) is not None or name in dir(kind)
