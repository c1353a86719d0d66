"""The page at `/docs` in a real browser, against a real endpoint: a person reads it, fills it in and gets an answer."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake.browser import ARGUMENTS, BROWSER
from fake.http_endpoint import KEY, Settings
from fake.onnx_models import make_model, tensor
from fake.served_model import ServedModel, serving
from onnx import helper, numpy_helper

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH (.ci/run installs one)"),
]
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (make test-heavy does)"
)
HOSTILE = "</script><img src=x onerror=\"document.title='hacked'\"><!--<script>\u2028"
EXAMPLE = {"data": [[5.1, 3.5, 1.4, 0.2]]}
ANSWERED = "#answer .output, #answer .trouble"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as program:
        started = program.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield started
        started.close()


def make_classifier(name: str = "x") -> Any:
    """Four numbers per row to a label and three probabilities."""
    weights = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], np.float32)
    nodes = [
        helper.make_node("MatMul", [name, "w"], ["s"]),
        helper.make_node("Softmax", ["s"], ["p"], axis=1),
        helper.make_node("ArgMax", ["p"], ["label"], axis=1, keepdims=0),
    ]
    return make_model(
        nodes,
        inputs=[tensor(name, ("n", 4))],
        outputs=[tensor("label", ("n",), 7), tensor("p", ("n", 3))],
        initializers=[numpy_helper.from_array(weights, "w")],
    )


def make_image_model() -> Any:
    """A colour picture to itself and to the mean of each channel."""
    nodes = [
        helper.make_node("Identity", ["image"], ["copy"]),
        helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0),
    ]
    return make_model(
        nodes,
        inputs=[tensor("image", (1, 3, 48, 48))],
        outputs=[tensor("copy", (1, 3, 48, 48)), tensor("means", (1, 3))],
    )


def make_echo(shape: tuple[int | str, ...], dtype: int) -> Any:
    return make_model(inputs=[tensor("x", shape, dtype)], outputs=[tensor("y", shape, dtype)])


@contextmanager
def opened(browser: Any, served: ServedModel, **options: Any) -> Iterator[Any]:
    """The page, which may ask no other origin and write no error to the console."""
    context = browser.new_context(**options)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(served.url) else troubles.append(r.url))
    page.troubles = troubles
    try:
        page.goto(served.url + "/docs")
        page.wait_for_selector("#snippet code:not(:empty)")
        yield page
    finally:
        context.close()
    assert [] == troubles


def run(page: Any) -> None:
    page.click("#run")
    page.wait_for_selector(ANSWERED)


def raw_answer(page: Any) -> Any:
    page.click("#answer summary")
    page.wait_for_selector("#answer details pre:not(:empty)")
    return json.loads(page.inner_text("#answer details pre"))


def test_the_page_tells_what_the_model_is_and_takes(browser: Any, tmp_path: Path) -> None:
    with (
        serving(make_classifier(), tmp_path, sample=EXAMPLE) as served,
        opened(browser, served) as page,
    ):
        page.wait_for_selector("#health.good")

        assert "iris" == page.inner_text("h1")
        assert "Revision 1" in page.inner_text("#badges")
        assert "scikit-learn 1.9.1" in page.inner_text("#badges")
        assert "x\tfloat32[n, 4]\tany number of rows, each with 4 numbers" in page.inner_text(
            "#inputs"
        )
        assert "any number of rows, each with 3 numbers" in page.inner_text("#outputs")


def test_the_example_is_filled_in_and_its_answer_is_shown(browser: Any, tmp_path: Path) -> None:
    with (
        serving(make_classifier(), tmp_path, sample=EXAMPLE) as served,
        opened(browser, served) as page,
    ):
        run(page)

        assert ["5.1", "3.5", "1.4", "0.2"] == [
            box.input_value() for box in page.locator("#fields input").all()
        ]
        assert "0" == page.inner_text(".output >> nth=0 >> .verdict")
        assert "0 most likely, 81.2 %" == page.inner_text(".output >> nth=1 >> .verdict")
        assert "run" in page.inner_text(".stages")
        assert served.score([[5.1, 3.5, 1.4, 0.2]]).json()["result"] == raw_answer(page)["outputs"]


def test_a_row_is_added_and_sent_with_the_enter_key(browser: Any, tmp_path: Path) -> None:
    with (
        serving(make_classifier(), tmp_path, sample=EXAMPLE) as served,
        opened(browser, served) as page,
    ):
        page.click("text=Add a row")
        for column, text in enumerate(["1", "2", "30", "-4.5e-1"]):
            page.get_by_label(f"x, row 2, value {column}").fill(text)
        page.get_by_label("x, row 2, value 3").press("Enter")
        page.wait_for_selector(ANSWERED)

        assert [0, 2] == raw_answer(page)["outputs"]["label"]


def test_a_wrong_number_is_told_at_its_field_and_not_sent(browser: Any, tmp_path: Path) -> None:
    with (
        serving(make_classifier(), tmp_path, sample=EXAMPLE) as served,
        opened(browser, served) as page,
    ):
        page.get_by_label("x, row 1, value 2").fill("1.4 cm")
        run(page)

        assert "Not sent\nx: “1.4 cm” is not a number." == page.inner_text(
            "#answer .trouble"
        ).replace("\n\n", "\n")
        assert "true" == page.get_by_label("x, row 1, value 2").get_attribute("aria-invalid")
        assert 0 == served.app.metrics.request_bytes


def test_a_refusal_is_shown_with_what_to_do(browser: Any, tmp_path: Path) -> None:
    with serving(make_classifier(), tmp_path, sample=EXAMPLE) as served:
        context = browser.new_context()
        page = context.new_page()
        page.goto(served.url + "/docs")
        page.wait_for_selector("#snippet code:not(:empty)")
        page.click("#mode-json")
        page.fill("#body", '{"data": [[1, 2, 3]]}')
        run(page)
        shown = page.inner_text("#answer .trouble")
        context.close()

    assert "Refused (400)" in shown
    assert "input 'x' wants float32[n, 4]; got [1, 3]" in shown
    assert "Change the request as the message says" in shown


def test_a_dropped_picture_is_resized_converted_and_sent(browser: Any, tmp_path: Path) -> None:
    drop = """async (colour) => {
      const canvas = Object.assign(document.createElement('canvas'), {width: 200, height: 120});
      const context = canvas.getContext('2d');
      context.fillStyle = colour;
      context.fillRect(0, 0, 200, 120);
      const blob = await new Promise((done) => canvas.toBlob(done));
      const data = new DataTransfer();
      data.items.add(new File([blob], 'red.png', {type: 'image/png'}));
      document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));
    }"""
    with serving(make_image_model(), tmp_path) as served, opened(browser, served) as page:
        page.get_by_label("Pixel values").select_option("unit")
        page.evaluate(drop, "rgb(255, 0, 51)")
        page.wait_for_selector("text=red.png, 200 × 120 pixels")
        as_it_is = channel_means(page)
        page.get_by_label("Colour order").select_option("bgr")
        page.get_by_label("Invert").check()
        page.get_by_label("Pixel values").select_option("bytes")
        changed = channel_means(page)
        page.wait_for_selector(".picture canvas")

    assert pytest.approx([1, 0, 0.2], abs=1e-5) == as_it_is
    assert pytest.approx([204, 255, 0], abs=1e-3) == changed


def channel_means(page: Any) -> list[float]:
    with page.expect_response("**/score") as caught:
        page.click("#run")
    return caught.value.json()["outputs"]["means"][0]


def test_a_large_example_is_fetched_and_drawn(browser: Any, tmp_path: Path) -> None:
    sample = {"data": np.full((1, 3, 48, 48), 0.25).tolist()}
    with (
        serving(make_image_model(), tmp_path, sample=sample) as served,
        opened(browser, served) as page,
    ):
        page.wait_for_selector("text=The example is filled in")
        with page.expect_response("**/score") as caught:
            page.click("#run")

        assert [[0.25, 0.25, 0.25]] == caught.value.json()["outputs"]["means"]
        assert "--data-binary @request.json" in page.inner_text("#snippet")


def test_whole_numbers_beyond_the_range_of_doubles_stay_exact(browser: Any, tmp_path: Path) -> None:
    sample = {"data": [[9223372036854775807, -9223372036854775808]]}
    with (
        serving(make_echo((1, 2), 7), tmp_path, sample=sample) as served,
        opened(browser, served) as page,
    ):
        run(page)
        page.click("#answer summary")
        page.wait_for_selector("#answer details pre:not(:empty)")

        assert '{"outputs":{"y":[[9223372036854775807,-9223372036854775808]]}}' == page.inner_text(
            "#answer details pre"
        )


@pytest.mark.parametrize(
    ("dtype", "sample"),
    [(8, ["<b>häß</b>", ""]), (9, [True, False])],
    ids=["texts", "booleans"],
)
def test_texts_and_booleans_have_fields_of_their_own(
    dtype: int, sample: list[Any], browser: Any, tmp_path: Path
) -> None:
    body = {"data": [sample]}
    with (
        serving(make_echo((1, 2), dtype), tmp_path, sample=body) as served,
        opened(browser, served) as page,
    ):
        run(page)

        assert {"y": [sample]} == raw_answer(page)["outputs"]


def test_names_of_a_hostile_model_are_only_text(browser: Any, tmp_path: Path) -> None:
    with (
        serving(make_classifier(HOSTILE), tmp_path, sample=EXAMPLE) as served,
        opened(browser, served) as page,
    ):
        run(page)

        assert "iris · model endpoint" == page.title()
        assert 0 == page.locator("img").count()
        assert HOSTILE.split("\u2028")[0] in page.inner_text("#inputs")


def test_a_key_is_asked_for_used_and_stored_nowhere(browser: Any, tmp_path: Path) -> None:
    settings = Settings(needs_key=True)
    secret = {"data": [[1.25, 77.125, 3.5, 4.5]]}
    with serving(make_classifier(), tmp_path, sample=secret, settings=settings) as served:
        with opened(browser, served) as page:
            page.get_by_label("Key").fill(KEY)
            run(page)

            assert "most likely" in page.inner_text("#answer")
            assert 0 == page.evaluate(
                "localStorage.length + sessionStorage.length + document.cookie.length"
            )
            assert KEY not in page.inner_text("#snippet")
        for path in ("/docs", "/openapi.json", "/swagger.json"):
            assert b"77.125" not in served.ask("GET", path).body


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(320, "light"), (390, "dark"), (1280, "dark")],
    ids=["small", "phone", "desk"],
)
def test_nothing_is_wider_than_the_window(
    width: int, scheme: str, browser: Any, tmp_path: Path
) -> None:
    name = "a_rather_long_name_of_an_input_" * 3
    size = {"width": width, "height": 800}
    with (
        serving(make_classifier(name), tmp_path, sample=EXAMPLE) as served,
        opened(browser, served, viewport=size, color_scheme=scheme) as page,
    ):
        run(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")

        assert width == page.evaluate("document.documentElement.scrollWidth")
        assert (scheme == "dark") == (sum(map(int, ground[4:-1].split(", "))) < 200)


def test_every_control_has_a_name(browser: Any, tmp_path: Path) -> None:
    unnamed = """() => [...document.querySelectorAll('input, select, textarea, button')].filter((control) =>
      control.offsetParent && !control.ariaLabel && !control.labels?.length && !control.textContent.trim()).length"""
    for number, model in enumerate((make_classifier(), make_image_model(), make_echo((1, 2), 9))):
        (folder := tmp_path / str(number)).mkdir()
        with serving(model, folder) as served, opened(browser, served) as page:
            assert 0 == page.evaluate(unnamed)


@pytest.mark.parametrize(
    ("language", "program", "read"),
    [
        ("curl", ["bash", "-c"], json.loads),
        ("Python", [sys.executable, "-c"], ast.literal_eval),
        ("JavaScript", ["node", "-e"], json.loads),
    ],
    ids=["curl", "python", "javascript"],
)
def test_a_pasted_snippet_gives_the_same_answer(
    language: str, program: list[str], read: Any, browser: Any, tmp_path: Path
) -> None:
    needed = ["curl", *program[:1]] if language == "curl" else program[:1]
    if not all(map(shutil.which, needed)):
        pytest.skip(f"{' or '.join(needed)} is not installed")
    text = 'it\'s "quoted" \\ $HOME `x` ${x} \u00e9 \u2028 \u20ac'
    with (
        serving(make_echo((1, 1), 8), tmp_path, sample={"data": [[text]]}) as served,
        opened(browser, served) as page,
    ):
        page.get_by_role("tab", name=language, exact=True).click()
        code = page.evaluate("document.querySelector('#snippet').textContent")
        done = subprocess.run([*program, code], capture_output=True, text=True, check=False)

    assert {"outputs": {"y": [[text]]}} == read(done.stdout), done.stderr


def test_a_long_body_is_saved_as_the_file_that_the_snippet_reads(
    browser: Any, tmp_path: Path
) -> None:
    sample = {"data": np.full((1, 3, 48, 48), 0.5).tolist()}
    with (
        serving(make_image_model(), tmp_path, sample=sample) as served,
        opened(browser, served) as page,
    ):
        page.wait_for_selector("text=Save request.json")
        with page.expect_download() as download:
            page.click("text=Save request.json")
        download.value.save_as(tmp_path / "request.json")

        assert {"inputs": {"image": sample["data"]}} == json.loads(
            (tmp_path / "request.json").read_bytes()
        )
