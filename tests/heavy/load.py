"""Steady traffic against an endpoint, every answer checked: the witness that nothing is lost."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass
class Outcome:
    """What the clients saw: answers that were right, failures by kind, answers by revision, the longest silence in seconds."""

    right: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    revisions: Counter[str] = field(default_factory=Counter)


class Load:
    """Clients that post one body over and over: some on kept connections, some on fresh ones.

    Args:
        host: where the endpoint listens.
        port: its port.
        body: the request body for `/score`.
        is_right: whether an answer (status, body) is what the model says.
        kept: clients that keep their connection.
        fresh: clients that open one per request.
        pause_s: between the requests of one client.
    """

    def __init__(
        self,
        host: str,
        port: int,
        body: bytes,
        is_right: Callable[[int, bytes], bool],
        *,
        kept: int = 4,
        fresh: int = 2,
        pause_s: float = 0.001,
    ) -> None:
        self._address = (host, port)
        self._body = body
        self._is_right = is_right
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.outcome = Outcome()
        self._clients = [
            threading.Thread(target=self._run, args=(number < kept,), daemon=True)
            for number in range(kept + fresh)
        ]

    def __enter__(self) -> Self:
        """Start the clients and wait until an answer is right."""
        for client in self._clients:
            client.start()
        deadline = time.monotonic() + 10
        while self.outcome.right == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the clients."""
        self._stop.set()
        for client in self._clients:
            client.join(timeout=30)

    def wait_for(self, answers: int, timeout_s: float = 30) -> None:
        """Wait until so many more answers were right."""
        goal, deadline = self.outcome.right + answers, time.monotonic() + timeout_s
        while self.outcome.right < goal:
            assert time.monotonic() < deadline, f"no progress: {self.outcome}"
            time.sleep(0.005)

    def _run(self, keeps: bool) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            try:
                connection = connection or http.client.HTTPConnection(*self._address, timeout=20)
                connection.request(
                    "POST", "/score", self._body, {"Content-Type": "application/json"}
                )
                answer = connection.getresponse()
                content = answer.read()
                self._note(answer, content)
                if not keeps or answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.outcome.failures[type(error).__name__] += 1
                if connection is not None:
                    connection.close()
                connection = None
            self._stop.wait(self._pause_s)
        if connection is not None:
            connection.close()

    def _note(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        with self._lock:
            if not self._is_right(answer.status, content):
                self.outcome.failures[f"status {answer.status}"] += 1
                return
            self.outcome.right += 1
            self.outcome.revisions[answer.headers.get("x-onnxport-revision", "?")] += 1
