"""Show the graph of a model in the browser, with Netron."""

import logging
import threading
from contextlib import suppress
from pathlib import Path

import click

from onnxport.cli._model_file import model_file
from onnxport.cli._options import common_options
from onnxport.cli._output import print_json
from onnxport.errors import UserError
from onnxport.inspect import find_model_file
from onnxport.inspect.recognise import recognise_file

_LOOPBACK = "127.0.0.1"


class NetronNotInstalled(UserError):
    """The viewer is an extra."""

    code = "netron_not_installed"

    def __init__(self) -> None:
        super().__init__(
            "the model viewer Netron is not installed", "Install it: pip install 'onnxport[view]'"
        )


class ViewerPortTaken(UserError):
    """The viewer could not listen on the port that was asked for."""

    code = "viewer_port_taken"

    def __init__(self, port: int, why: str) -> None:
        super().__init__(
            f"the viewer cannot listen on port {port}: {why}",
            "Leave --port out, or choose a free one.",
        )


@click.command()
@click.argument("model")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port on this machine.  [default: free]",
)
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
@common_options
def command(
    model: str, port: int, no_browser: bool, workspace: str | None, as_json: bool, yes: bool  # noqa: ARG001
) -> None:  # fmt: skip
    """Show the graph of MODEL: a file, a folder with one ONNX file, or models:/NAME. Ctrl-C stops the viewer."""
    with model_file(model, workspace) as path:
        file = find_model_file(path)
        recognise_file(file)
        address = _serve(file, port, browse=not no_browser)
        if as_json:
            print_json({"address": address})
        else:
            print(f"{address}\nStop with Ctrl-C.", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _serve(file: Path, port: int, *, browse: bool) -> str:
    """Start Netron on the loopback address; gives the page's address."""
    try:
        import netron
    except ImportError:
        raise NetronNotInstalled from None
    logging.getLogger("netron").setLevel(logging.WARNING)
    try:
        host, bound = netron.start(str(file), address=(_LOOPBACK, port), browse=browse)
    except OSError as error:
        raise ViewerPortTaken(port, error.strerror or "it is taken") from error
    return f"http://{host}:{bound}"
