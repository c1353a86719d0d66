"""Why an endpoint, or one generation of it, does not serve."""

from dataclasses import dataclass

from onnxport_serve.log import Log


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened and why, what to do next, and the last log lines where a process left some."""

    code: str
    message: str
    remedy: str
    log_tail: tuple[str, ...] = ()


class Unusable(Exception):
    """The supervisor cannot start here at all.

    Args:
        problem: what is in the way.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def log_problem(log: Log, problem: Problem) -> None:
    """Say it in the log."""
    log.error("cannot serve", code=problem.code, reason=problem.message, remedy=problem.remedy)
