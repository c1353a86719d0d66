"""Sends one request again and again over keep-alive connections: with `wrk` where it is installed, else with a small generator."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Load:
    """What a window of requests showed; latencies in milliseconds; `per_cpu_second` is filled in by who knows the server."""

    per_second: float
    p50: float
    p99: float
    bad: int
    seconds: float
    per_cpu_second: float = 0.0


def run_load(
    url: str,
    body: bytes,
    headers: dict[str, str],
    connections: int,
    seconds: float,
    *,
    method: str = "POST",
) -> Load:
    """Send for some seconds, from one process kept on the last core where there are two."""
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("wrk"):
            return _wrk(Path(folder), method, url, body, headers, connections, seconds)
        file = Path(folder) / "body"
        file.write_bytes(body)
        command = [sys.executable, "-m", "bench.load", url, str(file), json.dumps(headers)]
        done = subprocess.run(
            [*_pinned(), *command, str(connections), str(seconds), method],
            capture_output=True,
            check=True,
            text=True,
        )
        return Load(**json.loads(done.stdout))


def generator_name() -> str:
    """What sends the requests, for the report."""
    return "wrk" if shutil.which("wrk") else "bench.load"


def _wrk(
    folder: Path,
    method: str,
    url: str,
    body: bytes,
    headers: dict[str, str],
    connections: int,
    seconds: float,
) -> Load:
    (folder / "body").write_bytes(body)
    fields = {"Content-Type": "application/json", **headers}
    script = folder / "request.lua"
    script.write_text(
        f'wrk.method = "{method}"\n'
        f'local file = io.open("{folder}/body", "rb")\nwrk.body = file:read("*a")\nfile:close()\n'
        + "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in fields.items())
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    done = subprocess.run(
        [*_pinned(), *command, "--timeout", "30s", "-s", str(script), url],
        capture_output=True,
        check=True,
        text=True,
    )
    return _read_wrk(done.stdout)


def _read_wrk(text: str) -> Load:
    def latency(percent: str) -> float:
        found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE)
        return float(found[1]) * _UNITS[found[2]] if found else float("nan")

    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text
    )
    count = (int(bad[1]) if bad else 0) + (sum(map(int, errors.groups())) if errors else 0)
    lasted = re.search(r"requests in ([\d.]+)(ms|s|m),", text)
    seconds = float(lasted[1]) * _UNITS[lasted[2]] / 1e3 if lasted else float("nan")
    return Load(float(rate[1]) if rate else 0.0, latency("50"), latency("99"), count, seconds)


def _pinned() -> list[str]:
    return ["taskset", "-c", "1"] if shutil.which("taskset") and _cores() > 1 else []


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


class _Sender(asyncio.Protocol):
    """One connection: sends, reads one answer, notes its time, sends again."""

    def __init__(self, request: bytes, times: list[float]) -> None:
        self._request = request
        self._times = times
        self._received = b""
        self._begun = 0.0
        self.bad = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0])
        if len(rest) < length:
            return
        self._times.append(time.perf_counter() - self._begun)
        self.bad += not head.startswith(b"HTTP/1.1 200")
        self._received = b""
        self._send()

    def _send(self) -> None:
        self._begun = time.perf_counter()
        self._transport.write(self._request)


async def _generate(
    method: str, url: str, body: bytes, headers: dict[str, str], connections: int, seconds: float
) -> Load:
    parts = urlsplit(url)
    fields = {"Host": parts.netloc, "Content-Type": "application/json", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    head = f"{method} {parts.path} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    times: list[float] = []
    loop = asyncio.get_running_loop()
    senders = [_Sender(request, times) for _ in range(connections)]
    for sender in senders:
        await loop.create_connection(lambda sender=sender: sender, parts.hostname, parts.port)
    begun = time.perf_counter()
    times.clear()
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - begun
    ordered = sorted(times)
    return Load(
        per_second=len(ordered) / elapsed,
        p50=ordered[len(ordered) // 2] * 1e3,
        p99=ordered[len(ordered) * 99 // 100] * 1e3,
        bad=sum(sender.bad for sender in senders),
        seconds=elapsed,
    )


def main(url: str, body: str, headers: str, connections: str, seconds: str, method: str) -> None:
    """The small generator, in a process of its own."""
    import uvloop

    found = uvloop.run(
        _generate(
            method,
            url,
            Path(body).read_bytes(),
            json.loads(headers),
            int(connections),
            float(seconds),
        )
    )
    print(json.dumps(vars(found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
