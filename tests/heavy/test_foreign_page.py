"""A page of another origin, in a real browser, tries to reach a keyless endpoint on loopback and cannot."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from heavy.endpoints import Address, Program
from heavy.test_no_request_lost import save_scaling_model

BROWSER = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on PATH (.ci/run installs one)"),
]
playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed (make test-heavy does)"
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP rebound.example 127.0.0.1",
]  # fmt: skip
ATTEMPTS = """async (base) => {
  const attempts = {
    simple: () => fetch(base + '/score', {method: 'POST', body: '{"data": [[1,2,3,4]]}'}),
    json: () => fetch(base + '/score', {method: 'POST', body: '{"data": [[1,2,3,4]]}', headers: {'Content-Type': 'application/json'}}),
    blind: () => fetch(base + '/score', {method: 'POST', mode: 'no-cors', body: '{"data": [[1,2,3,4]]}'}),
    read: () => fetch(base + '/v2/models/guarded'),
    metrics: () => fetch(base + '/metrics'),
  };
  const seen = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try { const answer = await attempt(); seen[name] = answer.type + ':' + (await answer.text()); }
    catch (error) { seen[name] = 'blocked'; }
  }
  return seen;
}"""


class Page(http.server.BaseHTTPRequestHandler):
    """An empty page of another origin."""

    body: ClassVar[bytes] = b"<!doctype html><title>elsewhere</title>"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The origin of a foreign page."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Address]:
    """A keyless endpoint on loopback."""
    program = Program(tmp_path / "workspace")
    yield program.deploy(save_scaling_model(tmp_path / "m.onnx", 2.0), "--name", "guarded")
    program("down", "--yes")


def test_a_foreign_page_cannot_use_the_endpoint(endpoint: Address, elsewhere: str) -> None:
    base = f"http://{endpoint.host}:{endpoint.port}"
    before = scored(endpoint)
    seen = visit(elsewhere, base)

    assert {"simple": "blocked", "json": "blocked", "read": "blocked", "metrics": "blocked"} == {
        name: value for name, value in seen.items() if name != "blind"
    }
    assert seen["blind"] in ("blocked", "opaque:")
    assert scored(endpoint) == before, "a foreign page had the model run"


def test_a_rebound_name_cannot_use_the_endpoint(endpoint: Address) -> None:
    base = f"http://rebound.example:{endpoint.port}"
    before = scored(endpoint)
    seen = visit(f"{base}/docs", base)

    assert all("result" not in value for value in seen.values()), seen
    assert scored(endpoint) == before


def visit(page_url: str, base: str) -> dict[str, str]:
    """What scripts of a page can read of the endpoint."""
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        page = browser.new_page()
        page.goto(page_url)
        seen: dict[str, str] = page.evaluate(ATTEMPTS, base)
        browser.close()
    return seen


def scored(endpoint: Address) -> str:
    """How many requests the model has answered, by the endpoint's own count."""
    text = endpoint.request("GET", "/metrics")[2].decode()
    lines = [
        line
        for line in text.splitlines()
        if line.startswith("onnxport_run_duration_seconds_count") or 'stage="run"' in line
    ]
    return json.dumps(sorted(line for line in lines if "_count" in line))
