"""How long a front may be silent before it is taken for hung."""

import pytest
from onnxport_serve.documents import Limits
from onnxport_serve.supervisor.process import patience

MIB = 1 << 20


@pytest.mark.parametrize(
    ("body_bytes", "seconds"),
    [(1, 10.0), (Limits().body_bytes, 10.0), (300 * MIB, 30.0), (10**15, 100.0)],
    ids=["small", "as usual", "large", "without end"],
)
def test_it_grows_with_the_largest_body_that_is_let_in(body_bytes: int, seconds: float) -> None:
    assert seconds == patience(10.0, body_bytes)
