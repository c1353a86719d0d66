"""The request itself: `@rawhttp` above `run(request)`."""

from onnxport_worker.raw_request import AMLRequest, rawhttp

__all__ = ["AMLRequest", "rawhttp"]
