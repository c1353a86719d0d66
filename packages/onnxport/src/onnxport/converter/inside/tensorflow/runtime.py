"""TensorFlow, imported quietly, on the processor, with the threads that the process was given."""

import importlib
import os
from typing import Any

_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    # The plain kernels: oneDNN's depend more on the machine.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "KERAS_BACKEND": "tensorflow",
}


def load_tensorflow() -> Any:
    """The module. Address space is limited here, so it gets few threads: each has a stack and an arena of its own."""
    os.environ.update(_SETTINGS)
    tensorflow = importlib.import_module("tensorflow")
    threads = int(os.environ.get("OMP_NUM_THREADS", "2"))
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # It has run already: its threads are there.
        pass
    return tensorflow
