"""The worker's two ways to run: for a front, or once in a terminal."""

from __future__ import annotations

from .config import Config
from .output import Output
from .prepare import prepare
from .script import Script, ScriptProblem


def main(arguments: list[str]) -> int:
    """Run; the exit code."""
    if len(arguments) == 1 and arguments[0].startswith("{"):
        return _serve(Config.from_json(arguments[0]))
    from .foreground import run_once

    return run_once(arguments)


def _serve(config: Config) -> int:
    from .serve import Service, become_worker

    become_worker(config.parent)
    service = Service(config)
    output = Output(service.send_line)
    output.capture()
    prepare(config)
    script = Script(config.script, config.debug, output)
    try:
        script.load()
        description = script.describe()
    except ScriptProblem as problem:
        service.send_failure(problem)
        return 1
    service.run(script, description, output)
    output.release()
    service.close()
    return 0
