"""An answer with a status and headers of the script's own."""

from onnxport_worker.raw_response import AMLResponse

__all__ = ["AMLResponse"]
