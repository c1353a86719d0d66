"""Endpoints of scoring scripts as real processes; the environment is the one that runs the tests."""

import hashlib
import http.client
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake.lifecycle import PATIENCE_S, Endpoint

ENVIRONMENT = sys.prefix


@dataclass(frozen=True)
class Reply:
    """An answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def save_script_bundle(
    store: Path,
    source: str,
    *,
    models: dict[str, Path] | None = None,
    files: dict[str, str] | None = None,
    sample: bytes | None = None,
    variables: dict[str, str] | None = None,
    source_directory: str | None = None,
) -> tuple[str, str]:
    """A bundle of a script: its directory and digest. `files` lie beside it."""
    building = store / ".building"
    code = building / "code" / (source_directory or "")
    code.mkdir(parents=True)
    (code / "score.py").write_text(source)
    for name, text in (files or {}).items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text(text)
    listed = []
    for name, file in (models or {}).items():
        path = f"models/{name}/1"
        (building / path).mkdir(parents=True)
        shutil.copy(file, building / path / file.name)
        onnx = file.suffix == ".onnx"
        listed.append(
            {
                "name": name,
                "version": 1,
                "path": path,
                "file": file.name if onnx else None,
                "framework": "onnx" if onnx else "custom",
            }
        )
    (building / "environment").mkdir()
    (building / "environment/requirements.lock").write_bytes(b"")
    if sample is not None:
        (building / "sample").mkdir()
        (building / "sample/request.json").write_bytes(sample)
    entry = f"{source_directory}/score.py" if source_directory else "score.py"
    document = {
        "format": "onnxport-bundle/1",
        "kind": "script",
        "models": listed,
        "signature": None,
        "sample": None
        if sample is None
        else {
            "path": "sample/request.json",
            "content_type": "application/json",
            "origin": "user",
        },
        "code": {
            "directory": "code",
            "entry_script": entry,
            "source_directory": source_directory,
        },
        "environment": {
            "python": "3.11",
            "lock": "environment/requirements.lock",
            "lock_sha256": hashlib.sha256(b"").hexdigest(),
            "platforms": [],
            "specification": None,
            "variables": variables or {},
        },
        "files": _files(building),
    }
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    (building / "bundle.json").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    if (store / digest).exists():
        shutil.rmtree(building)
    else:
        building.rename(store / digest)
    return str(store / digest), f"sha256:{digest}"


def _files(folder: Path) -> list[dict[str, Any]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    entries = [
        {
            "path": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in files
    ]
    return sorted(entries, key=lambda entry: str(entry["path"]))


class ScriptEndpoint(Endpoint):
    """An endpoint named `scripts`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.revisions: dict[int, dict[str, Any]] = {}

    def add_script(
        self,
        number: int,
        source: str,
        *,
        settings: dict[str, Any] | None = None,
        resources: dict[str, Any] | None = None,
        environment: str = ENVIRONMENT,
        **contents: Any,
    ) -> None:
        bundle, digest = save_script_bundle(self.directory / "bundles", source, **contents)
        self.add_bundle(
            number,
            bundle,
            digest,
            settings={"workers": 1, **(settings or {})},
            resources=resources or {},
            environment=environment,
        )

    def add_bundle(self, number: int, bundle: str, digest: str, **fields: Any) -> None:
        self.revisions[number] = {"number": number, "bundle": bundle, "digest": digest, **fields}

    def serve(self, weights: dict[int, int], **changes: Any) -> None:
        """Write the next generation with the revisions that have a weight, and start if nothing runs."""
        self.generation += 1
        document = {
            "format": "onnxport-endpoint/1",
            "name": "scripts",
            "generation": self.generation,
            "revisions": [self.revisions[number] for number in sorted(weights)],
            "weights": {str(number): weight for number, weight in weights.items()},
            **changes,
        }
        self.write(json.dumps(document).encode())
        if self.process is None:
            self.start(sys.executable, "-m", "onnxport_serve", "--directory", str(self.directory))

    def score(
        self,
        body: bytes | str = b"{}",
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        path: str = "/score",
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            content = body.encode() if isinstance(body, str) else body
            connection.request(method, path, content or None, headers or {})
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, fields, response.read())
        finally:
            connection.close()

    def events(self, event: str) -> list[dict[str, Any]]:
        """The structured lines of the log about one thing."""
        return [line for line in self.log_events() if line["event"] == event]

    def metrics(self) -> str:
        """Names and values of all metrics, without their labels."""
        lines = self.score(b"", method="GET", path="/metrics").body.decode().splitlines()
        return "\n".join(line.partition("{")[0] + " " + line.rpartition(" ")[2] for line in lines)

    def log_events(self) -> list[dict[str, Any]]:
        """The structured lines of the log; one that is being written is not looked at."""
        whole = self.log().rpartition("\n")[0]
        lines = [line for line in whole.splitlines() if line.startswith("{")]
        return [json.loads(line) for line in lines]


@contextmanager
def script_endpoint(
    directory: Path, source: str, *, changes: dict[str, Any] | None = None, **contents: Any
) -> Iterator[ScriptEndpoint]:
    """An endpoint that serves one script, for the time of a block."""
    subject = ScriptEndpoint(directory)
    subject.add_script(1, source, **contents)
    try:
        subject.serve({1: 100}, **(changes or {}))
        subject.wait_ready()
        yield subject
    finally:
        subject.kill()


def in_background(subject: ScriptEndpoint, body: str) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(subject.score(body)))
    thread.start()
    return thread, replies
