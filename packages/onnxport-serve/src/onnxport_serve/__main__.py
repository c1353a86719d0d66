"""`python -m onnxport_serve --directory D`: serve the endpoint of a directory. Format: `docs/specs/endpoint.md`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from onnxport_serve.log import open_log
from onnxport_serve.supervisor.spawn import spawn_front

_FRONT = ("-P", "-m", "onnxport_serve.front")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; the exit code is 0 after SIGTERM or SIGINT, 1 when nothing can be served, 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m onnxport_serve",
        description="Serve the endpoint that a directory describes, until SIGTERM or SIGINT.",
    )
    parser.add_argument(
        "--directory", type=Path, required=True, help="the endpoint directory, with endpoint.json"
    )
    options = parser.parse_args(arguments)
    try:
        log = open_log()
    except ValueError as error:
        parser.error(str(error))
    directory = options.directory.absolute()
    command = [sys.executable, *_FRONT]
    # The front's imports take most of the time until the first answer; they begin before the supervisor's own.
    early = spawn_front(command, directory, {**os.environ, **log.settings})
    from onnxport_serve.supervisor.start import supervise

    return supervise(directory, command, log, early=early)


if __name__ == "__main__":
    sys.exit(main())
