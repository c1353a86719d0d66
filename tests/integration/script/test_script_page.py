"""The page at `/docs` of a script's endpoint, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake.browser import ARGUMENTS, BROWSER
from fake.script_endpoint import ScriptEndpoint, script_endpoint

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH (.ci/run installs one)"),
]
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (make test-heavy does)"
)
SCRIPT = """
import json
from azureml.contrib.services.aml_response import AMLResponse
def init():
    pass
def run(raw_data):
    asked = json.loads(raw_data)
    if asked.get("kind") == "text":
        return AMLResponse("<b>plain</b>", 200)
    if asked.get("kind") == "inside":
        return json.dumps({"result": [0.2, 0.8]})
    if asked.get("kind") == "raise":
        raise ValueError
    return {"doubled": [2 * x for x in asked["data"]]}
"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptEndpoint]:
    folder = tmp_path_factory.mktemp("page")
    with script_endpoint(folder, SCRIPT, sample=b'{"data": [1, 2]}') as subject:
        yield subject


@pytest.fixture(scope="module")
def page(endpoint: ScriptEndpoint) -> Iterator[Any]:
    with playwright.sync_playwright() as program:
        browser = program.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        opened = browser.new_page()
        opened.goto(f"http://127.0.0.1:{endpoint.port}/docs")
        opened.wait_for_selector("#snippet code:not(:empty)")
        yield opened
        browser.close()


def answer(page: Any, body: object) -> str:
    page.fill("#body", json.dumps(body))
    page.evaluate("document.querySelector('#answer').replaceChildren()")
    page.click("#run")
    page.wait_for_selector("#answer .output, #answer .trouble")
    text: str = page.inner_text("#answer")
    return text


def test_the_sample_is_filled_in_and_answered(page: Any, endpoint: ScriptEndpoint) -> None:
    assert {"data": [1, 2]} == json.loads(page.input_value("#body"))
    assert "data" in page.inner_text("#snippet")
    assert "doubled" in answer(page, {"data": [1, 2]})


def test_json_inside_a_text_is_shown_as_what_it_is(page: Any) -> None:
    assert "80.0 %" in answer(page, {"kind": "inside"})


def test_text_is_shown_as_text(page: Any) -> None:
    assert "<b>plain</b>" in answer(page, {"kind": "text"})


def test_a_failed_run_says_where_to_look(page: Any) -> None:
    assert "Check the logs" in answer(page, {"kind": "raise"})


def test_it_fits_a_phone(page: Any, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.set_viewport_size({"width": 1280, "height": 720})

    assert overflow <= 0
