"""The runner seam without a network: where runs happen and how the border between loop and threads moves."""

import asyncio
from typing import Any

import pytest
from fake.http_endpoint import FakeCall, FakeExecution
from onnxport_serve.errors import Overloaded, Timeout
from onnxport_serve.model.runner import INLINE_BUDGET_S, LARGE_ANSWER, Job, Runner

SLOW = 10 * INLINE_BUDGET_S


def make_runner(
    execution: Any, *, inline_size: int | None = 100, slots: int = 1, adapts: bool = True
) -> Runner:
    return Runner(execution, inline_size=inline_size, slots=slots, adapts=adapts)


def call(*data: float) -> FakeCall:
    return FakeCall({"X": list(data)}, len(data))


async def run(runner: Runner, what: FakeCall, queue_s: float = 5, limit_s: float = 5) -> Job:
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[Job] = loop.create_future()
    runner.submit(Job(what, loop, finished.set_result, "1"), queue_s, limit_s)
    return await finished


def test_a_job_on_a_thread_gives_its_answer_and_times() -> None:
    job = asyncio.run(run(make_runner(FakeExecution()), call(1, 2)))

    assert job.error is None
    assert b'{"result": [2, 4], "version": "1"}' == job.answer.body
    assert job.queued <= job.started <= job.decoded <= job.ran <= job.finished


def test_a_large_answer_does_not_move_the_border_up() -> None:
    runner = make_runner(FakeExecution(), inline_size=1)
    many = call(*([1e300] * (LARGE_ANSWER // 5)))
    asyncio.run(run(runner, many))

    assert 1 == runner.inline_size


def test_a_short_run_on_a_thread_moves_the_border_up() -> None:
    runner = make_runner(FakeExecution(), inline_size=1)
    asyncio.run(run(runner, call(*range(50))))

    assert 50 == runner.inline_size


def test_without_adapting_the_border_stays() -> None:
    runner = make_runner(FakeExecution(), inline_size=1, adapts=False)
    asyncio.run(run(runner, call(*range(50))))
    for _ in range(9):
        runner.observe_inline(1, SLOW)

    assert 1 == runner.inline_size


def test_three_slow_runs_in_a_row_move_the_border_down() -> None:
    runner = make_runner(FakeExecution())
    for seconds in (SLOW, SLOW, 0.0, SLOW, SLOW):
        runner.observe_inline(40, seconds)
    assert 100 == runner.inline_size
    runner.observe_inline(40, SLOW)

    assert 39 == runner.inline_size


def test_no_limit_means_every_size() -> None:
    assert make_runner(FakeExecution(), inline_size=None).inline_size > 10**15


def test_slots_bound_what_runs_at_once() -> None:
    execution = FakeExecution()
    runner = make_runner(execution, slots=2)

    async def start() -> None:
        jobs = [asyncio.ensure_future(run(runner, call(-2))) for _ in range(5)]
        for _ in range(2):
            await asyncio.to_thread(execution.entered.acquire)
        assert 2 == execution.runs
        execution.gate.set()
        await asyncio.gather(*jobs)

    asyncio.run(start())
    assert 5 == execution.runs


@pytest.mark.parametrize(
    ("queue_s", "limit_s", "error"),
    [(0.05, 5, Overloaded), (5, 0.05, Timeout), (0.05, 0.05, Timeout)],
)
def test_waiting_ends(queue_s: float, limit_s: float, error: type[Exception]) -> None:
    execution = FakeExecution()
    runner = make_runner(execution)

    async def start() -> Job:
        first = asyncio.ensure_future(run(runner, call(-2)))
        await asyncio.to_thread(execution.entered.acquire)
        job = await run(runner, call(1), queue_s, limit_s)
        execution.gate.set()
        await first
        return job

    assert error is type(asyncio.run(start()).error)
    assert 1 == execution.runs
