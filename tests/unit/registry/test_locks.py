"""Locks between processes."""

import pytest
from onnxport.registry.errors import WorkspaceBusy
from onnxport.registry.locks import exclusive, shared


def test_sharers_do_not_wait_for_each_other(tmp_path):
    with shared(tmp_path / "lock"), shared(tmp_path / "lock", timeout_s=0):
        assert (tmp_path / "lock").exists()


@pytest.mark.parametrize(
    ("holder", "comer"), [(shared, exclusive), (exclusive, shared), (exclusive, exclusive)]
)
def test_whoever_waits_too_long_is_told_for_what(tmp_path, holder, comer):
    with (
        holder(tmp_path / "lock"),
        pytest.raises(WorkspaceBusy, match="lock for more than 0 s"),
        comer(tmp_path / "lock", timeout_s=0),
    ):
        pass


def test_a_lock_is_free_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "lock"):
        raise ZeroDivisionError

    with exclusive(tmp_path / "lock", timeout_s=0):
        pass
