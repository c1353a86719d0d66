"""What the data plane refuses, and why.

    RequestError     one request is answered with a status other than 200 (a closed set of subclasses, below)
    LoadError        a revision cannot be served

Each class has a stable `code`. Messages say what was wrong and what would be right; they never hold payloads, keys or paths.
"""

from typing import ClassVar

Headers = tuple[tuple[bytes, bytes], ...]


class RequestError(Exception):
    """One request is refused or failed; the app renders it as JSON in the form of the route.

    Args:
        message: what was wrong and what would be right, one sentence, without a full stop.
        headers: response headers besides the usual ones, names in lower case.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers


class BadRequest(RequestError):
    """The body or its headers are not what the model takes."""

    status = 400
    code = "bad_request"


class Unauthorized(RequestError):
    """No key, or not one that is accepted."""

    status = 401
    code = "unauthorized"


class Forbidden(RequestError):
    """The request comes from where none may: a foreign origin or an unknown host name."""

    status = 403
    code = "forbidden"


class NotFound(RequestError):
    """No such route, model or version."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RequestError):
    """The route exists for other methods; `headers` names them in `allow`."""

    status = 405
    code = "method_not_allowed"


class RequestTimeout(RequestError):
    """The client sent no complete request in time."""

    status = 408
    code = "request_timeout"


class TooLarge(RequestError):
    """The body is larger than the endpoint's limit."""

    status = 413
    code = "too_large"


class UnsupportedMedia(RequestError):
    """The body is encoded in a way that the endpoint does not read."""

    status = 415
    code = "unsupported_media"


class HeadersTooLarge(RequestError):
    """The head of the request is larger than the endpoint's limit."""

    status = 431
    code = "headers_too_large"


class RunFailed(RequestError):
    """ONNX Runtime refused or failed the run."""

    status = 500
    code = "run_failed"


class NotImplementedHere(RequestError):
    """The protocol knows it, this endpoint does not do it."""

    status = 501
    code = "not_implemented"


class Overloaded(RequestError):
    """The endpoint is at its limit; `headers` says when to try again in `retry-after`."""

    status = 503
    code = "overloaded"


class NotReady(RequestError):
    """The endpoint or revision is loading or stopping."""

    status = 503
    code = "not_ready"


class Timeout(RequestError):
    """The run took longer than the endpoint's limit and was ended."""

    status = 504
    code = "timeout"


class LoadError(Exception):
    """A revision cannot be served.

    Args:
        code: stable slug of the situation.
        message: what happened and why, one sentence, without a full stop.
        remedy: what to do next, imperative.
        says_all: the last log lines would only say the same.
    """

    def __init__(self, code: str, message: str, remedy: str, *, says_all: bool = False) -> None:
        super().__init__(message)
        self.says_all = says_all
        self.code = code
        self.message = message
        self.remedy = remedy
