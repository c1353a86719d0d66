"""The wanted state is read when its file was replaced, and its generation is found even where the rest is wrong."""

import pytest
from onnxport_serve.supervisor.wanted import WantedState, claimed_generation


def _replace(directory, content):
    (directory / "new").write_bytes(content)
    (directory / "new").replace(directory / "endpoint.json")


def test_a_replaced_file_is_read_once(tmp_path):
    wanted = WantedState(tmp_path)
    seen = [wanted.changed()]
    _replace(tmp_path, b"one")
    seen += [wanted.changed(), wanted.changed()]
    _replace(tmp_path, b"two")
    seen += [wanted.changed(), wanted.changed(look_closely=True)]
    assert seen == [None, b"one", None, b"two", None]


def test_the_same_content_again_is_no_change(tmp_path):
    wanted = WantedState(tmp_path)
    _replace(tmp_path, b"one")
    wanted.changed()
    _replace(tmp_path, b"one")
    assert wanted.changed() is None


def test_a_file_that_is_gone_for_a_moment_is_no_change(tmp_path):
    wanted = WantedState(tmp_path)
    _replace(tmp_path, b"one")
    wanted.changed()
    (tmp_path / "endpoint.json").unlink()
    assert wanted.changed() is None


@pytest.mark.parametrize(
    ("content", "generation"),
    [
        (b'{"generation": 7, "nmae": 1}', 7),
        (b'{"generation": "7"}', 0),
        (b'{"generation": true}', 0),
        (b'{"generation": -1}', 0),
        (b"[]", 0),
        (b"{", 0),
        (b"[" * 100_000, 0),
    ],
)
def test_the_generation_that_a_document_claims(content, generation):
    assert generation == claimed_generation(content)
