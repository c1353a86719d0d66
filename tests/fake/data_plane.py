"""A small stand-in for the data plane: follows `endpoint.json`, writes `status.json`, answers HTTP with the revision's number.

Started like the real one: `python data_plane.py --directory DIRECTORY`. It refuses a generation with a revision whose setting
`intra_op_threads` is 13, ends at once when `listen.port` is 1, and ignores SIGTERM when `limits.in_flight` is 13.
"""

import fcntl
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

REFUSED_THREADS = 13
LOADING_S = 0.03
DEADLY_PORT = 1
STUBBORN_IN_FLIGHT = 13


class Answers(BaseHTTPRequestHandler):
    """Says which revision has the most traffic."""

    revision = 0

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer()

    def answer(self):
        body = json.dumps({"revision": self.revision}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main(directory: Path) -> int:
    lock = (directory / "endpoint.lock").open("a")
    if not took(lock):
        return 1
    document = json.loads((directory / "endpoint.json").read_bytes())
    listen = document["listen"]
    if listen["port"] == DEADLY_PORT:
        print("the fake gives up", flush=True)
        return 1
    if document["limits"]["in_flight"] == STUBBORN_IN_FLIGHT:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGHUP, lambda *_: None)
    server = open_server(listen["host"], listen["port"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    status = {
        "format": "onnxport-status/1",
        "state": "starting",
        "generation": 0,
        "attempted": 0,
        "error": None,
        "pid": os.getpid(),
        "address": {"host": listen["host"], "port": server.server_port, "unix_socket": None},
        "fronts": [],
        "restarts": 0,
        "warnings": [],
        "decisions": [],
        "updated": 0,
    }
    while True:
        follow(directory, status)
        time.sleep(0.01)


def took(lock: IO[str]) -> bool:
    """Whoever looks holds the lock for an instant, hence the patience."""
    for _ in range(20):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def open_server(host: str, port: int) -> ThreadingHTTPServer:
    """A killed one frees its lock a moment before its port."""
    for _ in range(50):
        try:
            return ThreadingHTTPServer((host, port), Answers)
        except OSError:
            time.sleep(0.01)
    return ThreadingHTTPServer((host, port), Answers)


def follow(directory: Path, status: dict) -> None:
    document = json.loads((directory / "endpoint.json").read_bytes())
    if document["generation"] == status["attempted"]:
        return
    status["attempted"] = document["generation"]
    bad = [
        revision["number"]
        for revision in document["revisions"]
        if revision["settings"]["intra_op_threads"] == REFUSED_THREADS
    ]
    time.sleep(LOADING_S)
    if bad:
        print(f"revision {bad[0]} is unlucky", flush=True)
        status["error"] = {
            "generation": document["generation"],
            "code": "unlucky",
            "message": f"revision {bad[0]} has 13 threads",
            "remedy": "Use fewer threads.",
            "log_tail": ["one line of the log"],
        }
        status["state"] = "ready" if status["generation"] else "failed"
    else:
        weights = document["weights"]
        Answers.revision = int(max(weights, key=weights.__getitem__))
        status.update(state="ready", error=None, generation=document["generation"])
    write(directory / "status.json", status)


def write(path: Path, document: dict) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(document))
    beside.rename(path)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[sys.argv.index("--directory") + 1])))
