"""The installed program and its endpoints, used as another program would use them."""

import http.client
import json
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("onnxport"))


class Program:
    """Runs `onnxport` on one workspace."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace

    def __call__(
        self, *arguments: str | Path, timeout_s: float = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end; its exit code is the caller's to judge."""
        command = [PROGRAM, *map(str, arguments), "--workspace", str(self.workspace)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def read(self, *arguments: str | Path) -> Any:
        """Run a read with `--json` and return the document."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def deploy(self, *arguments: str | Path) -> "Address":
        """Deploy, and return where the endpoint listens."""
        done = self("deploy", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        url = next(word for word in done.stdout.split() if word.startswith("http://"))
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        return Address(parts.hostname, parts.port)


class Address:
    """Where an endpoint listens."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """One request on a fresh connection: status, headers (names in lower case), body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read()
            return (
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                content,
            )
        finally:
            connection.close()
