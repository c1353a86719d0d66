"""Settings of the whole suite."""

import os
import signal

from hypothesis import settings

# A slow machine is not a bug: examples have no deadline, and a run is the same every time.
settings.register_profile("onnxport", deadline=None, derandomize=True)
settings.load_profile("onnxport")

# Test processes that run side by side take the ports of their endpoints from ranges of their own: one that is stopped for a moment must
# find its port free again.
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
os.environ["ONNXPORT_FIRST_PORT"] = str(20_000 + 1000 * ((_PROCESS + 2 * os.getppid()) % 12))

# A shell that starts the suite in the background lets it ignore Ctrl-C, and so would all that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
