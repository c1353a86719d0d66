"""What happens in an interpreter where the mirror answers: each test runs one, as a notebook's kernel would be."""

import os
import subprocess
import sys
from pathlib import Path

import onnxport.mirror.hook.program
import pytest
from onnxport.service.mirror import Mirror

PROGRAM = Path(onnxport.mirror.hook.program.__file__)
URL = "https://nowhere.invalid/folder/data.bin?raw=true"
BODY = bytes(range(256)) * 1000
INSTALL = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("program", {str(PROGRAM)!r})
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
program.install()
url = {URL!r}
missing = "http://127.0.0.2:9/missing"
"""
FAKE_REQUESTS = {
    "requests/__init__.py": "",
    "requests/adapters.py": """
class ConnectionError(OSError):
    def __init__(self, text, request=None, response=None):
        super().__init__(text)
        self.response = response

class HTTPAdapter:
    def send(self, request, stream=False):
        raise ConnectionError("no route")

    def build_response(self, request, raw):
        return raw
""",
    "urllib3/__init__.py": "",
    "urllib3/response.py": """
class HTTPResponse:
    def __init__(self, body, headers, status, reason, preload_content):
        self.status, self.headers = status, headers
        self.data = body if isinstance(body, bytes) else body.read()
""",
}


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    file = tmp_path / "source.bin"
    file.write_bytes(BODY)
    mirror = Mirror(tmp_path / "mirror")
    mirror.add(URL, file)
    return mirror


def run(code: str, mirror: Mirror, folder: Path) -> str:
    """What the code prints after the hook is in place; a traceback where it raises."""
    done = subprocess.run(
        [sys.executable, "-c", INSTALL + code], cwd=folder, text=True, capture_output=True,
        env={**os.environ, "ONNXPORT_MIRROR": str(mirror.folder), "no_proxy": "*"}, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "read",
    [
        "urllib.request.urlopen(url)",
        "urllib.request.urlopen(urllib.request.Request(url, headers={'a': 'b'}))",
        "urllib.request.build_opener().open(url)",
        "open(urllib.request.urlretrieve(url, 'out.bin')[0], 'rb')",
    ],
)
def test_urllib_reads_a_mirrored_url(read: str, mirror: Mirror, tmp_path: Path) -> None:
    code = f"import urllib.request, hashlib\nprint(hashlib.sha256({read}.read()).hexdigest())"

    assert mirror.list()[0].entry.sha256 == run(code, mirror, tmp_path).strip()


def test_an_answer_is_what_the_web_would_have_given(mirror: Mirror, tmp_path: Path) -> None:
    code = """
import urllib.request
with urllib.request.urlopen(url) as answer:
    print(answer.status, answer.getheader("Content-Length"), answer.headers["Content-Type"], answer.url, len(answer.read(10)))
    print(type(answer).__module__, answer.getcode(), answer.reason)
"""
    expected = f"200 {len(BODY)} application/octet-stream {URL} 10\nhttp.client 200 OK\n"

    assert expected == run(code, mirror, tmp_path)


def test_a_head_request_gets_no_body(mirror: Mirror, tmp_path: Path) -> None:
    code = "import urllib.request\nprint(urllib.request.urlopen(urllib.request.Request(url, method='HEAD')).read())"

    assert "b''" == run(code, mirror, tmp_path).strip()


def test_a_changed_file_is_not_served(mirror: Mirror, tmp_path: Path) -> None:
    mirror.list()[0].path.write_bytes(b"other")

    text = run("import urllib.request\nurllib.request.urlopen(url)", mirror, tmp_path)
    assert "its sha256 differs" in text
    assert "onnxport mirror verify" in text


def test_a_url_that_cannot_be_reached_says_how_to_mirror_it(mirror: Mirror, tmp_path: Path) -> None:
    code = """
import urllib.request, urllib.error
try:
    urllib.request.urlopen(missing, timeout=5)
except urllib.error.URLError as error:
    print(type(error.reason).__name__, error)
"""
    text = run(code, mirror, tmp_path)

    assert text.startswith("ConnectionRefusedError")
    assert "onnxport mirror add 'http://127.0.0.2:9/missing' FILE" in text


def test_other_schemes_and_bodies_are_let_be(mirror: Mirror, tmp_path: Path) -> None:
    code = """
import urllib.request
print(urllib.request.urlopen("data:,text").read())
try:
    urllib.request.urlopen(url, data=b"x", timeout=5)
except OSError as error:
    print("mirror" in str(error))
"""
    assert "b'text'\nFalse\n" == run(code, mirror, tmp_path)


@pytest.fixture
def with_requests(tmp_path: Path) -> Path:
    for name, text in FAKE_REQUESTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_requests_reads_a_mirrored_url(mirror: Mirror, with_requests: Path) -> None:
    code = """
import types, requests.adapters
asked = types.SimpleNamespace(url=url, method="GET")
answer = requests.adapters.HTTPAdapter().send(asked)
print(answer.status, len(answer.data), answer.headers["Content-Length"])
"""
    assert f"200 {len(BODY)} {len(BODY)}\n" == run(code, mirror, with_requests)


def test_requests_says_how_to_mirror_what_it_cannot_reach(
    mirror: Mirror, with_requests: Path
) -> None:
    code = """
import types, requests.adapters
requests.adapters.HTTPAdapter().send(types.SimpleNamespace(url=missing, method="GET"))
"""
    text = run(code, mirror, with_requests)
    assert "ConnectionError: no route" in text
    assert "onnxport mirror add 'http://127.0.0.2:9/missing' FILE" in text


def shim(
    program: str, arguments: list[str], mirror: Mirror, folder: Path, path: str = ""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), program, *arguments], cwd=folder, capture_output=True,
        env={"ONNXPORT_MIRROR": str(mirror.folder), "PATH": path, "no_proxy": "*"}, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("program", "arguments", "name"),
    [
        ("wget", [], "data.bin?raw=true"),
        ("wget", ["-q", "-O", "x"], "x"),
        ("wget", ["-P", "new/deep"], "new/deep/data.bin?raw=true"),
        ("curl", ["-LO"], "data.bin"),
        ("curl", ["-o", "x"], "x"),
    ],
)
def test_a_program_writes_a_mirrored_file(
    program: str, arguments: list[str], name: str, mirror: Mirror, tmp_path: Path
) -> None:
    done = shim(program, [*arguments, URL], mirror, tmp_path)

    assert (0, BODY) == (done.returncode, (tmp_path / name).read_bytes())


@pytest.mark.parametrize(("program", "arguments"), [("wget", ["-qO-"]), ("curl", ["-s"])])
def test_a_program_prints_a_mirrored_file(
    program: str, arguments: list[str], mirror: Mirror, tmp_path: Path
) -> None:
    assert BODY == shim(program, [*arguments, URL], mirror, tmp_path).stdout


def test_wget_numbers_a_second_file_and_keeps_one_with_nc(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "data.bin?raw=true").write_bytes(b"mine")
    shim("wget", ["-nc", URL], mirror, tmp_path)
    shim("wget", [URL], mirror, tmp_path)

    assert b"mine" == (tmp_path / "data.bin?raw=true").read_bytes()
    assert BODY == (tmp_path / "data.bin?raw=true.1").read_bytes()


def test_everything_else_goes_to_the_program_itself(mirror: Mirror, tmp_path: Path) -> None:
    real = tmp_path / "bin" / "wget"
    real.parent.mkdir()
    real.write_text('#!/bin/sh\necho "real: $@"\nexit 7\n')
    real.chmod(0o755)
    done = shim(
        "wget", ["-q", "https://a.invalid/b"], mirror, tmp_path, f"{real.parent}:/bin:/usr/bin"
    )

    assert (7, b"real: -q https://a.invalid/b\n") == (done.returncode, done.stdout)
    assert b"onnxport mirror add 'https://a.invalid/b' FILE" in done.stderr


def test_only_what_is_not_mirrored_is_asked_of_the_program(mirror: Mirror, tmp_path: Path) -> None:
    real = tmp_path / "bin" / "wget"
    real.parent.mkdir()
    real.write_text('#!/bin/sh\necho "real: $@"\n')
    real.chmod(0o755)
    done = shim(
        "wget", ["-q", URL, "https://a.invalid/b"], mirror, tmp_path, f"{real.parent}:/bin:/usr/bin"
    )

    assert b"real: -q https://a.invalid/b\n" == done.stdout
    assert (tmp_path / "data.bin?raw=true").exists()


def test_a_program_that_is_not_installed_is_done_without(mirror: Mirror, tmp_path: Path) -> None:
    done = shim("curl", ["-O", "http://127.0.0.2:9/missing"], mirror, tmp_path)

    assert 6 == done.returncode
    assert b"onnxport mirror add" in done.stderr
