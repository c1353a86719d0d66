"""The workers of one revision and the requests for them: out through the queue, back over the workers' streams.

A worker that ends takes the one request with it that it was at; everything else stays queued for the others. Everything happens on
one thread: the front's loop, or, while the revision loads, the caller's.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from time import monotonic
from typing import Any

from onnxport_serve.errors import Overloaded
from onnxport_serve.log import Log
from onnxport_serve.script.board import Board
from onnxport_serve.script.crew import Crew
from onnxport_serve.script.failure import Failure, unanswered
from onnxport_serve.script.job import Job, Outcome
from onnxport_serve.script.launch import Launch
from onnxport_serve.script.queue import Queue
from onnxport_serve.script.worker import Frame, Worker
from onnxport_serve.worker import frames

_TICK_S = 0.1
_RETRY_AFTER = ((b"retry-after", b"1"),)
_ENDED = b'{"message": "The scoring process ended while it answered this request. Check the logs for more info."}'


class Pool:
    """Requests for the script of one revision.

    Args:
        launch: starts a worker.
        size: how many there shall be.
        memory_mb: what each may use, in MiB.
        log: for the script's lines and for what happens to workers.
        revision: its number, for log lines.
    """

    def __init__(
        self, launch: Launch, size: int, memory_mb: int | None, log: Log, revision: int
    ) -> None:
        self.description: dict[str, Any] = {}
        """What the script is, as its first worker said it."""
        self.request_timeout_s = 60.0
        self.queue_timeout_s = 5.0
        self._log = log
        self._revision = revision
        self._queue = Queue(size)
        self._board = Board(size)
        launch = launch.through(self._queue.fileno(), self._board.descriptor)
        self._crew = Crew(launch, size, memory_mb, log, revision, self._heard, self._lost)
        self._number = 0
        self._sent: dict[int, Job] = {}
        self._backlog: deque[Job] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    # Loading, before there is a loop.

    def load(self) -> None:
        """Start the first worker, wait for its `init()`, then start the others and wait for theirs.

        Raises:
            LoadError: the script cannot serve, or its process ended.
        """
        self._crew.start(0)
        self._await_ready(1)
        for slot in range(1, self._crew.size):
            self._crew.start(slot)
        self._await_ready(self._crew.size)

    def ask(self, body: bytes, meta: bytes) -> Outcome:
        """One request while the revision loads; raises `LoadError` where no answer comes."""
        outcomes: list[Outcome | Exception] = []
        self.submit(Job(body, meta, lambda _, outcome: outcomes.append(outcome)))
        while not outcomes:
            self._crew.turn(_TICK_S)
            self._look()
        (outcome,) = outcomes
        if isinstance(outcome, Exception):
            raise unanswered(outcome)
        return outcome

    @property
    def is_ready(self) -> bool:
        """Whether at least one worker has said so and lives."""
        return self._crew.ready > 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on everything happens on a loop."""
        self._loop = loop
        self._crew.attach(loop)
        self._schedule()

    def _await_ready(self, count: int) -> None:
        while self._crew.ready < count:
            if self._crew.failure is not None:
                raise self._crew.failure.as_error()
            self._crew.turn(_TICK_S)
            self._crew.watch()

    # Requests.

    def submit(self, job: Job) -> None:
        """Take a request; its `done` is called later."""
        self._number += 1
        job.number = self._number
        if self._backlog or not self._send(job):
            self._backlog.append(job)
        if self._timer is None:
            self._schedule()

    def cancel(self, job: Job) -> None:
        """Nobody waits for it: what has not begun does not begin, what runs is left to end."""
        job.is_over = True

    def close(self) -> None:
        """End all workers: those that are free at once and with their exit handlers, the others by force."""
        self._queue.take_back()
        self._queue.tell_to_stop(self._crew.size)
        self._crew.close()
        self._queue.close()
        self._board.close()

    def _send(self, job: Job) -> bool:
        """Hand a job to the workers; false while they have enough."""
        if len(self._sent) >= self._queue.window:
            return False
        try:
            if not self._queue.put(job):
                return False
        except OSError as error:
            self._log.error("a request cannot be handed to a worker", reason=error.strerror or "")
            self._finish(job, Overloaded("there is no memory for this request", _RETRY_AFTER))
            return True
        self._sent[job.number] = job
        return True

    def _refill(self) -> None:
        backlog = self._backlog
        while backlog and (backlog[0].is_over or self._send(backlog[0])):
            backlog.popleft()

    def _finish(self, job: Job, outcome: Outcome | Exception) -> None:
        if not job.is_over:
            job.is_over = True
            job.done(job, outcome)

    # What workers say.

    def _heard(self, worker: Worker, said: list[Frame]) -> None:
        for frame in said:
            if frame.kind == frames.ANSWER:
                self._take_answer(worker, frame)
            else:
                self._take_word(worker, frame, json.loads(frame.payload))
        if self._backlog:
            self._refill()

    def _take_answer(self, worker: Worker, frame: Frame) -> None:
        payload = frame.payload
        status, flags, took_ms, size = frames.RESULT.unpack_from(payload)
        if flags & frames.LEAVING:
            worker.is_ending = True
        job = self._sent.pop(frame.number, None)
        if job is None:
            return
        start = frames.RESULT.size
        headers, body = payload[start : start + size], payload[start + size :]
        failed = bool(flags & frames.RUN_FAILED)
        self._finish(job, Outcome(status, body, headers, took_ms, failed))

    def _take_word(self, worker: Worker, frame: Frame, word: dict[str, Any]) -> None:
        if frame.kind == frames.LOG:
            job = self._sent.get(frame.number)
            request = {} if job is None else {"request_id": job.request_id}
            write = self._log.error if word["level"] == "error" else self._log.info
            write(word["event"], text=word["text"], **self._who(worker), **request)
        elif frame.kind == frames.READY:
            worker.is_ready = True
            self.description = self.description or word
            if self._loop is not None:
                self._log.info("worker ready", **self._who(worker))
        elif frame.kind == frames.FAILED:
            failure = Failure(word["code"], word["message"], word["traceback"])
            self._crew.failure = failure
            words = {"code": failure.code, "reason": failure.message, "traceback": failure.trace}
            self._log.error("the script cannot serve", **self._who(worker), **words)

    def _lost(self, worker: Worker) -> None:
        """It has ended: answer the request that it was at, and have it replaced."""
        job = self._sent.pop(self._board.read(worker.slot)[0], None)
        if job is not None:
            self._finish(job, Outcome(500, _ENDED, run_failed=True))
        self._look()

    def _who(self, worker: Worker) -> dict[str, int]:
        return {"revision": self._revision, "worker": worker.pid}

    # Time.

    def _schedule(self) -> None:
        has_to_look = self._sent or self._backlog or self._crew.needs_watching
        if self._timer is None and self._loop is not None and has_to_look:
            self._timer = self._loop.call_later(_TICK_S, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._look()

    def _look(self) -> None:
        """End what takes too long, answer what has waited too long, and see to the workers."""
        now = monotonic()
        for worker in self._crew.present:
            self._check_time(worker, now)
        self._expire(now - self.queue_timeout_s)
        self._crew.watch()
        self._refill()
        self._schedule()

    def _check_time(self, worker: Worker, now: float) -> None:
        number, began = self._board.read(worker.slot)
        if number not in self._sent or now - began <= self.request_timeout_s:
            return
        job = self._sent.pop(number)
        limit_ms = round(self.request_timeout_s * 1000)
        self._log.error(
            "run() took too long; its worker is ended",
            **self._who(worker),
            request_id=job.request_id,
            limit_ms=limit_ms,
        )
        worker.kill()
        body = json.dumps({"message": f"Scoring timeout after {limit_ms} ms"}).encode()
        self._finish(job, Outcome(500, body, run_failed=True))

    def _expire(self, oldest: float) -> None:
        """Answer requests that were queued before a moment and that no worker has begun."""
        if any(job.queued < oldest for job in self._sent.values()):
            self._take_back(oldest)
        while self._backlog and (self._backlog[0].is_over or self._backlog[0].queued < oldest):
            limit = f"{self.queue_timeout_s:g} s"
            problem = Overloaded(f"no worker became free within {limit}; try again", _RETRY_AFTER)
            self._finish(self._backlog.popleft(), problem)

    def _take_back(self, oldest: float) -> None:
        """Put what no worker has begun before the backlog again."""
        running = {self._board.read(worker.slot)[0] for worker in self._crew.present}
        if all(job.queued >= oldest or n in running for n, job in self._sent.items()):
            return
        for number in reversed(self._queue.take_back()):
            job = self._sent.pop(number, None)
            if job is not None:
                self._backlog.appendleft(job)
        running = {self._board.read(worker.slot)[0] for worker in self._crew.present}
        for number, job in list(self._sent.items()):
            if number in running:
                continue
            if job.is_missing:
                # A worker ended between taking it and saying so.
                del self._sent[number]
                self._finish(job, Outcome(500, _ENDED, run_failed=True))
            job.is_missing = True
