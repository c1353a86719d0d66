"""`python -m onnxport_serve --directory D`: serve the endpoint of a directory. Format: `docs/specs/endpoint.md`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from onnxport_serve.log import open_log
from onnxport_serve.supervisor.spawn import spawn_front

_FRONT = ("-P", "-m", "onnxport_serve.front")
_USAGE = """usage: python -m onnxport_serve --directory DIRECTORY

Serve the endpoint that a directory describes (endpoint.json in it), until SIGTERM or SIGINT.
"""


def main(arguments: Sequence[str]) -> int:
    """Read the command line and serve.

    Returns:
        The exit code: 0 after SIGTERM or SIGINT, 1 when nothing can be served, 2 on wrong usage.
    """
    match list(arguments):
        case ["--directory", name]:
            directory = Path(name).absolute()
        case ["-h" | "--help"]:
            sys.stdout.write(_USAGE)
            return 0
        case _:
            sys.stderr.write(_USAGE)
            return 2
    try:
        log = open_log()
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    command = [sys.executable, *_FRONT]
    # The front's imports take most of the time until the first answer; they begin before the supervisor's own.
    early = spawn_front(command, directory, {**os.environ, **log.settings})
    from onnxport_serve.supervisor.start import supervise

    return supervise(directory, command, log, early=early)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
