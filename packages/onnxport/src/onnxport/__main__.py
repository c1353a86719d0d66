"""`python -m onnxport`: the same program as `onnxport`."""

import sys

from onnxport.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
