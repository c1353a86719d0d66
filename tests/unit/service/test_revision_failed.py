"""Why a revision does not serve: a script's own traceback, else the last lines of the log."""

from onnxport.domain.status import ApplyError
from onnxport.service.endpoint.errors import RevisionFailed


def failed(message: str) -> RevisionFailed:
    error = ApplyError(2, "init_failed", message, "Mend it.", ("a log line",))
    return RevisionFailed("iris", "revision 2", error, "revision 1 keeps serving")


def test_the_log_is_shown_where_the_reason_is_one_sentence():
    message = failed("it is too large").message

    assert (
        "revision 2 of endpoint 'iris' does not serve: it is too large (init_failed); "
        "revision 1 keeps serving\nlast log lines:\n  a log line"
    ) == message


def test_a_traceback_stands_alone_below_the_sentence():
    message = failed("init() raised ValueError: x (line 2)\nTraceback:\n  line 2").message

    assert (
        "revision 2 of endpoint 'iris' does not serve: init() raised ValueError: x (line 2) "
        "(init_failed); revision 1 keeps serving\nTraceback:\n  line 2"
    ) == message
