"""`python -m onnxport_serve.front`: started by the supervisor only (`supervisor/spawn.py`)."""

import gc
import sys

# Until everything is loaded nearly nothing becomes garbage, and looking for it would take a tenth of the start.
gc.disable()

from onnxport_serve.front.process import main  # noqa: E402
from onnxport_serve.front.serving import load_serving  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], load_serving))
