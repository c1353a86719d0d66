"""Starts endpoints of words (see `lifecycle_front.py`) as real processes, and looks at them."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 20.0


def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Look again and again; the condition's first true value."""
    deadline = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {patience_s} s in vain for: {what}"
        time.sleep(0.005)
    return value


class Endpoint:
    """An endpoint directory and, once started, its supervisor."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.generation = 0
        self.connections: list[http.client.HTTPConnection] = []
        self.process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)

    def want(self, bundles: dict[int, str], **changes: Any) -> int:
        """Replace `endpoint.json` by the next generation; all traffic goes to the last revision."""
        self.generation += 1
        document = {
            "format": "onnxport-endpoint/1",
            "name": "words",
            "generation": self.generation,
            "revisions": [
                {"number": number, "digest": "sha256:" + "a" * 64, "bundle": f"bundles/{word}"}
                for number, word in bundles.items()
            ],
            "weights": {str(max(bundles)): 100},
            **changes,
        }
        for word in bundles.values():
            self._bundle(word)
        return self.write(json.dumps(document).encode())

    def write(self, content: bytes) -> int:
        beside = self.directory / ".endpoint.json.new"
        beside.write_bytes(content)
        beside.replace(self.directory / "endpoint.json")
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)
        return self.generation

    def start(self, *command: str) -> "Endpoint":
        supervisor = str(Path(__file__).with_name("lifecycle_supervisor.py"))
        with (self.directory / "endpoint.log").open("ab") as log:
            self.process = subprocess.Popen(
                command or [sys.executable, supervisor, str(self.directory)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def status(self) -> dict[str, Any]:
        try:
            status: dict[str, Any] = json.loads((self.directory / "status.json").read_bytes())
        except FileNotFoundError:
            return {"state": None, "generation": 0, "attempted": 0, "error": None, "fronts": []}
        return status

    def wait_for(self, what: str, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        try:
            until(lambda: condition(self.status()), what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.status()}\n{self.log()}") from None
        return self.status()

    def wait_ready(self) -> dict[str, Any]:
        """Wait until the newest generation serves."""
        return self.wait_for(
            f"generation {self.generation} ready",
            lambda status: status["state"] == "ready" and status["generation"] == self.generation,
        )

    @property
    def port(self) -> int:
        port: int = self.status()["address"]["port"]
        return port

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is closed with the endpoint, or earlier."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        self.connections.append(connection)
        return connection

    def get(self, path: str = "/") -> dict[str, Any]:
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, path)

    def log(self) -> str:
        return (self.directory / "endpoint.log").read_text()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """End everything that is left, whatever happened."""
        for connection in self.connections:
            connection.close()
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)

    def _bundle(self, word: str) -> None:
        """A manifest, so that the supervisor can estimate memory; `huge` claims more than any machine has."""
        bundle = self.directory / "bundles" / word
        bundle.mkdir(parents=True, exist_ok=True)
        size = 10**15 if word == "huge" else 1
        files = [{"path": "models/m/1/m.onnx", "size": size, "sha256": "b" * 64}]
        model = {"name": "m", "version": 1, "path": "models/m/1", "file": "m.onnx"}
        document = {
            "format": "onnxport-bundle/1",
            "kind": "onnx",
            "models": [{**model, "framework": "onnx"}],
            "signature": {"inputs": [], "outputs": []},
            "files": files,
        }
        (bundle / "bundle.json").write_text(json.dumps(document))


def ask(connection: http.client.HTTPConnection, path: str = "/") -> dict[str, Any]:
    """One request on a connection that stays open."""
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200
    answer: dict[str, Any] = json.loads(response.read())
    return answer


@contextlib.contextmanager
def endpoint(
    directory: Path, bundles: dict[int, str] | None = None, **changes: Any
) -> Iterator[Endpoint]:
    """A running endpoint; everything of it is gone afterwards."""
    subject = Endpoint(directory)
    subject.want(bundles or {1: "first"}, **changes)
    subject.start()
    try:
        yield subject
    finally:
        subject.kill()


def is_alive(pids: Sequence[int]) -> bool:
    """Whether any of the processes lives (a zombie does not)."""
    for pid in pids:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                return True
    return False
