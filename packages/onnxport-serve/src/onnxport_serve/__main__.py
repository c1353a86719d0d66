"""`python -m onnxport_serve --directory D`: serve the endpoint of a directory. Format: `docs/specs/endpoint.md`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from onnxport_serve.log import open_log
from onnxport_serve.supervisor.start import supervise

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
    return supervise(options.directory, [sys.executable, *_FRONT], log)


if __name__ == "__main__":
    sys.exit(main())
