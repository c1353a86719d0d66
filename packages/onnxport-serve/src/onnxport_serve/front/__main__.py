"""`python -m onnxport_serve.front`: started by the supervisor only (`supervisor/spawn.py`)."""

import sys

from onnxport_serve.front.process import main
from onnxport_serve.front.serving import load_serving

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], load_serving))
