"""The real supervisor over fronts of `lifecycle_front.py`: `python lifecycle_supervisor.py DIRECTORY`."""

import sys
from pathlib import Path

from onnxport_serve.log import open_log
from onnxport_serve.supervisor.start import supervise

if __name__ == "__main__":
    front = [sys.executable, str(Path(__file__).with_name("lifecycle_front.py"))]
    sys.exit(supervise(Path(sys.argv[1]).absolute(), front, open_log(), hung_after_s=3.0))
