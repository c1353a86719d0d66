"""The life of a front: load, tell, accept, serve, drain, exit."""

import gc
import socket
import traceback
from collections.abc import Sequence
from pathlib import Path

from onnxport_serve.descriptors import receive_descriptor
from onnxport_serve.documents import (
    BundleError,
    DocumentError,
    EndpointSpec,
    parse_endpoint,
)
from onnxport_serve.errors import LoadError
from onnxport_serve.front.channel import Channel
from onnxport_serve.front.failure import known_failure, memory_failure, unexpected_failure
from onnxport_serve.front.interface import Load, Serving
from onnxport_serve.front.loop import new_loop
from onnxport_serve.front.parent import (
    die_with_parent,
    ignore_group_signals,
    raise_descriptor_limit,
    set_first_to_go,
)
from onnxport_serve.front.service import Service
from onnxport_serve.log import Log, open_log

_COLLECT_AFTER = 20_000


def main(arguments: Sequence[str], load: Load) -> int:
    """Serve until the supervisor says otherwise.

    Args:
        arguments: endpoint directory, process number of the supervisor, descriptors of the control and hand-off channels.
        load: loads the revisions of a document.

    A drained front ends inside its service, with exit code 0; 1 means that it could not load, or lost its supervisor.
    """
    directory, parent, control, handoff = arguments
    die_with_parent(int(parent))
    ignore_group_signals()
    raise_descriptor_limit()
    channel = Channel(socket.socket(fileno=int(control)))
    try:
        return _serve(
            Path(directory), channel, socket.socket(fileno=int(handoff)), load, open_log()
        )
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return 1


def _serve(directory: Path, channel: Channel, handoff: socket.socket, load: Load, log: Log) -> int:
    order = channel.wait()
    listeners = [_listener(handoff) for _ in range(order["listeners"])]
    handoff.setblocking(False)
    set_first_to_go(True)
    loaded = _loaded(order["document"], directory, load, channel, log)
    if loaded is None:
        return 1
    spec, serving = loaded
    _settle_memory()
    set_first_to_go(False)
    loop = new_loop()
    service = Service(loop, spec, serving, listeners, channel, handoff, log)
    loop.call_soon(service.start)
    loop.run_forever()
    return 1


def _listener(handoff: socket.socket) -> socket.socket:
    descriptor = receive_descriptor(handoff)
    if descriptor is None:
        raise EOFError("the supervisor is gone")
    listener = socket.socket(fileno=descriptor)
    listener.setblocking(False)
    return listener


def _loaded(
    document: str, directory: Path, load: Load, channel: Channel, log: Log
) -> tuple[EndpointSpec, Serving] | None:
    """Load the revisions; when that fails, say why and give `None`."""
    try:
        spec = parse_endpoint(document.encode())
        return spec, load(spec, directory, log)
    except (LoadError, BundleError, DocumentError) as error:
        failure = known_failure(error)
    except MemoryError:
        failure = memory_failure()
    except Exception as error:
        log.error("loading failed unexpectedly", traceback=traceback.format_exc())
        failure = unexpected_failure(error)
    log.error("loading failed", code=failure["code"], reason=failure["message"])
    channel.send(**{"is": "failed", **failure})
    return None


def _settle_memory() -> None:
    """Take what was loaded out of every later garbage collection: it stays, and looking at it costs latency."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    gc.enable()
