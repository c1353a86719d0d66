"""Clients that ask without pause while something happens to the endpoint."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from typing import Any

from fake.lifecycle import Endpoint, ask, until


class SteadyLoad:
    """Counts answers and keeps what failed."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.is_over = threading.Event()

    def wait_for_answers(self, more: int = 20) -> None:
        """Wait until so many more requests were answered."""
        wanted = len(self.answers) + more
        until(lambda: len(self.answers) >= wanted or self.failures, f"{more} more answers")


@contextlib.contextmanager
def steady_load(endpoint: Endpoint, keep_alive: int = 4, fresh: int = 2) -> Iterator[SteadyLoad]:
    """Clients with one connection for all requests, and clients with one for each."""
    load = SteadyLoad()
    clients = [_ask_on_one_connection] * keep_alive + [_ask_on_fresh_connections] * fresh
    threads = [threading.Thread(target=client, args=(endpoint.connect, load)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        load.wait_for_answers()
        yield load
        load.wait_for_answers()
    finally:
        load.is_over.set()
        for thread in threads:
            thread.join()


def _ask_on_one_connection(connect: Any, load: SteadyLoad) -> None:
    """A closed connection is a failure, and the end of this client."""
    connection = connect()
    connection.connect()
    connection.auto_open = 0
    with contextlib.closing(connection):
        while not load.is_over.is_set():
            if not _ask(connection, load):
                return


def _ask_on_fresh_connections(connect: Any, load: SteadyLoad) -> None:
    while not load.is_over.is_set():
        with contextlib.closing(connect()) as connection:
            _ask(connection, load)


def _ask(connection: http.client.HTTPConnection, load: SteadyLoad) -> bool:
    """Ask once and note the answer, or what failed."""
    try:
        load.answers.append(ask(connection))
    except (OSError, http.client.HTTPException, AssertionError) as error:
        load.failures.append(repr(error))
        return False
    return True
