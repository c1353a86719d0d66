"""The application of one serving process.

    socket -> protocol -> app -> decode -> session.run -> encode -> socket

`protocol.py` and `reader.py` bring a request, `App.handle` finds its route and checks who asks, `scoring.py` decodes, runs and encodes,
`HttpProtocol.reply` writes. What can be known when a generation is loaded is in its `State`; `apply` swaps that in one assignment.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from operator import methodcaller
from time import monotonic, perf_counter, time
from wsgiref.handlers import format_date_time

from onnxport_serve.access_log import AccessLog
from onnxport_serve.documents import EndpointSpec
from onnxport_serve.errors import Headers, MethodNotAllowed, RequestError, RunFailed
from onnxport_serve.framing import check_coding
from onnxport_serve.known import KnownHead
from onnxport_serve.limits import Admission
from onnxport_serve.log import Log
from onnxport_serve.metrics import Metrics
from onnxport_serve.origin import PREFLIGHT
from onnxport_serve.protocol import HttpProtocol, Release
from onnxport_serve.request import Request, new_id, take_ids
from onnxport_serve.response import error_body, family, header_lines, send
from onnxport_serve.route import Route
from onnxport_serve.routes import add_routes
from onnxport_serve.served import ServedRevision
from onnxport_serve.state import State

_SHORTEST_TICK_S = 0.02
_LONGEST_TICK_S = 1.0
_ACCESS_LOG = "ONNXPORT_ACCESS_LOG"


class App:
    """Answers requests of one endpoint.

    Args:
        spec: names, weights, keys, limits.
        revisions: every revision that the document lists, loaded.
        log: gets a line for each refused or failed request, and for every request where the environment variable
            `ONNXPORT_ACCESS_LOG` is `all`; payloads never.
        clock: seconds that only go forward, for timeouts.
    """

    def __init__(
        self,
        spec: EndpointSpec,
        revisions: Mapping[int, ServedRevision],
        *,
        log: Log,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.revisions = dict(revisions)
        self.warnings = [line for one in revisions.values() for line in one.warnings]
        self.decisions = [line for one in revisions.values() for line in one.decisions]
        self.log = log
        self.metrics = Metrics(spec.name, {n: one.label for n, one in revisions.items()})
        self.admission = Admission(spec.limits)
        self.access_log = AccessLog(log, every=os.environ.get(_ACCESS_LOG) == "all")
        self.is_draining = False
        self.now = clock()
        self.date_line = b""
        self._clock = clock
        self._protocols: set[HttpProtocol] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._release: Release | None = None
        self.state = self._compile(spec)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use this loop; called once, before the first connection."""
        self._loop = loop
        self._read_clock()
        for revision in self.revisions.values():
            revision.attach(loop)
        # What is loaded stays: the collector need not look at it again during requests.
        gc.collect()
        gc.freeze()

    def connect(self) -> HttpProtocol:
        """The protocol of a new connection."""
        assert self._loop is not None, "start() comes first"
        return HttpProtocol(self, self._loop)

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._protocols)

    @property
    def in_flight(self) -> int:
        """Requests that wait for a run or are in one."""
        return self.admission.in_flight

    def apply(self, spec: EndpointSpec) -> None:
        """Use other weights, keys, limits and HTTP policy for the same revisions from the next request on."""
        self.admission.set_limits(spec.limits)
        self.state = self._compile(spec)

    def begin_drain(self, release: Release | None) -> None:
        """Finish what is under way and part with every connection, also those that still come.

        Args:
            release: takes idle connections over, for a process that serves on; without it readiness turns false and they are closed.
        """
        self.is_draining = release is None
        self._release = release or methodcaller("close")
        for protocol in list(self._protocols):
            protocol.begin_drain(release)

    def close(self) -> None:
        """End what revisions have started; nothing is in flight any more."""
        for revision in self.revisions.values():
            revision.close()

    def connected(self, protocol: HttpProtocol) -> None:
        """Count a connection and keep its time."""
        self._protocols.add(protocol)
        if self._timer is None:
            self._read_clock()
            self._schedule()
        if self._release is not None:
            release = None if self.is_draining else self._release
            protocol.loop.call_soon(protocol.begin_drain, release)

    def disconnected(self, protocol: HttpProtocol) -> None:
        """Forget a connection."""
        self._protocols.discard(protocol)

    def handle(self, request: Request) -> None:
        """Answer a request, now or when its run is over; never raises."""
        request.started = perf_counter()
        state = self.state
        request.state = state
        try:
            request.id = take_ids(request.headers)
            if request.refusal is not None:
                raise request.refusal
            route = state.routes.get(request.target)
            route = self._check(request, state, route)
            handler = route.methods.get(request.method)
            if handler is None:
                self._answer_method(request, route)
                return
            if request.head and request.keep_alive and not request.old:
                state.known[request.protocol.trusted].remember(request, handler)
            handler(request)
        except RequestError as error:
            self.fail(request, error)
        except Exception as error:
            self.fail_unexpectedly(request, error)

    def handle_known(self, request: Request, known: KnownHead) -> None:
        """Answer a request whose head has been handled before in this generation; never raises."""
        request.started = perf_counter()
        request.state = self.state
        request.id = new_id()
        request.extra = known.extra
        try:
            known.handler(request)
        except RequestError as error:
            self.fail(request, error)
        except Exception as error:
            self.fail_unexpectedly(request, error)

    def admit(self, request: Request) -> None:
        """Check a request whose body is still to come; raises `RequestError` where it would be refused anyway."""
        state = self.state
        request.state = state
        take_ids(request.headers)
        route = self._check(request, state, state.routes.get(request.target))
        if request.method not in route.methods and request.method != b"OPTIONS":
            raise _not_allowed(route)
        if route.runs:
            self.admission.check_run()

    def fail(self, request: Request, error: RequestError, version: int | None = None) -> None:
        """Answer with an error, count it, log it."""
        request.id = request.id or new_id()
        group = family(request)
        seconds = perf_counter() - request.started
        self.metrics.count_rejection(error.code)
        if version is None:
            self.metrics.count_request(group, error.status)
        else:
            self.metrics.observe_failure(version, group, error.status, seconds)
        self.access_log.refused(request, error.status, error.code, seconds)
        headers = error.headers
        if group == "score" or (group == "http" and self.state.runs_script):
            headers = (
                *headers,
                (b"x-ms-run-function-failed", b"True" if error.status >= 500 else b"False"),
            )
        if error.status in (401, 403):
            headers = (*headers, (b"cache-control", b"no-store"))
        send(request, error.status, error_body(request, error), headers=headers)

    def fail_unexpectedly(self, request: Request, error: Exception) -> None:
        """Answer 500 for what must never happen; the log says where it did."""
        request.id = request.id or new_id()
        self.access_log.unexpected(request, error)
        self.fail(
            request,
            RunFailed("an unexpected error; the endpoint's log has it under the request id"),
        )

    def release(self, request: Request) -> None:
        """Give back the share of the buffer that a request's body had."""
        self.admission.buffered -= request.held
        request.held = 0

    def abandon(self, request: Request) -> None:
        """The client has gone: what waits for a run does not begin, what runs is ended."""
        if request.held:
            self.release(request)
        if request.job is not None:
            runner, job = request.job
            request.job = None
            self.admission.in_flight -= 1
            runner.cancel(job)

    def _check(self, request: Request, state: State, route: Route | None) -> Route:
        """Check where the request comes from and whether it may, then find its route and whether that reads such a body."""
        headers = request.headers
        host = headers.get(b"host")
        if host is not None and not request.protocol.trusted:
            state.guard.check_host(host)
        origin = headers.get(b"origin")
        if origin is not None:
            state.guard.check_origin(origin, host or b"")
            request.extra = header_lines(state.guard.cors_headers(origin))
        if state.keyring.required and request.method != b"OPTIONS":
            found = route or state.lookup(request.target)
            if found is None or not found.is_open:
                state.keyring.check(headers.get(b"authorization"))
        route = route or state.find(request)
        if route.runs and b"content-encoding" in headers:
            check_coding(headers)
        return route

    def _answer_method(self, request: Request, route: Route) -> None:
        if request.method != b"OPTIONS":
            raise _not_allowed(route)
        headers: Headers = ((b"allow", route.allow),)
        if b"origin" in request.headers and b"access-control-request-method" in request.headers:
            headers += PREFLIGHT
        send(request, 200, b"", content_type=b"text/plain", headers=headers)

    def _compile(self, spec: EndpointSpec) -> State:
        for revision in self.revisions.values():
            revision.use_limits(spec.limits)
        state = State(spec, self.revisions)
        add_routes(self, state)
        return state

    def _schedule(self) -> None:
        limits = self.state.limits
        shortest = min(limits.header_timeout_s, limits.idle_timeout_s) / 4
        period = min(_LONGEST_TICK_S, max(_SHORTEST_TICK_S, shortest))
        if self._loop is not None:
            self._timer = self._loop.call_later(period, self._tick)

    def _tick(self) -> None:
        """One timer for all connections; none while there are none."""
        self._read_clock()
        self.access_log.tick()
        for protocol in list(self._protocols):
            protocol.tick()
        self._timer = None
        if self._protocols:
            self._schedule()

    def _read_clock(self) -> None:
        self.now = self._clock()
        self.date_line = b"date: %b\r\n" % format_date_time(time()).encode()


def build_app(
    spec: EndpointSpec,
    revisions: Mapping[int, ServedRevision],
    *,
    log: Log,
    clock: Callable[[], float] = monotonic,
) -> App:
    """The application for loaded revisions; `App` says what the arguments are."""
    return App(spec, revisions, log=log, clock=clock)


def _not_allowed(route: Route) -> MethodNotAllowed:
    return MethodNotAllowed(f"this route takes {route.allow.decode()}", ((b"allow", route.allow),))
