"""The mirror's rules: what is added is whole, what is asked for is checked, nothing leaves the folder."""

import hashlib
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.mirror.entry import check_url, document_of, read_entries
from onnxport.mirror.errors import (
    MirrorDamaged,
    MirrorFileUnreadable,
    MirrorUnreadable,
    UrlInvalid,
    UrlNotMirrored,
)
from onnxport.mirror.hook.lookup import path_inside
from onnxport.service.mirror import Mirror, raise_if_damaged

URL = "https://host.example/data.tar.gz?raw=true"


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "mirror")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.bin"
    path.write_bytes(b"the bytes")
    return path


def test_a_url_is_listed_with_the_digest_of_its_file(mirror: Mirror, file: Path) -> None:
    mirror.add(URL, file)

    [listed] = mirror.list()
    assert (URL, hashlib.sha256(b"the bytes").hexdigest()) == (
        listed.entry.url,
        listed.entry.sha256,
    )
    assert b"the bytes" == listed.path.read_bytes()


def test_the_document_has_the_form_that_is_promised(mirror: Mirror, file: Path) -> None:
    added = mirror.add(URL, file)

    document = json.loads((mirror.folder / "mirror.json").read_bytes())
    assert {URL: {"file": added.entry.file, "sha256": added.entry.sha256}} == document


def test_adding_again_replaces_the_file(mirror: Mirror, file: Path) -> None:
    before = mirror.add(URL, file)
    file.write_bytes(b"other bytes")
    mirror.add(URL, file)

    assert [b"other bytes"] == [one.path.read_bytes() for one in mirror.list()]
    assert not before.path.exists()


def test_a_file_that_two_urls_share_stays_until_both_are_gone(mirror: Mirror, file: Path) -> None:
    mirror.add(URL, file)
    other = mirror.add(URL.replace("https", "http"), file)
    mirror.remove(URL)

    assert [other.entry.url] == [one.entry.url for one in mirror.list()]
    assert other.path.exists()
    mirror.remove(other.entry.url)
    assert not other.path.exists()


def test_a_changed_file_is_found(mirror: Mirror, file: Path) -> None:
    mirror.add(URL, file).path.write_bytes(b"changed")

    [verified] = mirror.verify()
    assert verified.is_whole is False
    with pytest.raises(MirrorDamaged):
        raise_if_damaged([verified])


def test_removing_what_is_not_there_names_the_nearest(mirror: Mirror, file: Path) -> None:
    mirror.add(URL, file)

    with pytest.raises(UrlNotMirrored, match="raw=true"):
        mirror.remove(URL.replace("true", "tru"))


def test_a_missing_file_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(MirrorFileUnreadable):
        mirror.add(URL, tmp_path / "missing")


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "host/x", "https:///x", "https://me:secret@host/x", "https://host/x#y", "https://host/a b", "http://[x"],
)  # fmt: skip
def test_what_is_no_url_of_a_download_is_refused(url: str) -> None:
    with pytest.raises(UrlInvalid):
        check_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"https://h/x": 1}',
        '{"https://h/x": {"file": "../x", "sha256": "%s"}}' % ("0" * 64),
        '{"https://h/x": {"file": "/etc/passwd", "sha256": "%s"}}' % ("0" * 64),
        '{"https://h/x": {"file": "x", "sha256": "short"}}',
    ],
)
def test_a_document_that_is_none_is_refused(mirror: Mirror, text: str) -> None:
    mirror.folder.mkdir()
    (mirror.folder / "mirror.json").write_text(text)

    with pytest.raises(MirrorUnreadable):
        mirror.list()


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "out").symlink_to(tmp_path)

    assert path_inside(str(tmp_path / "mirror"), "out/secret") is None


@given(st.text(max_size=40))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    if "\0" in name:
        return
    found = path_inside("/a/mirror", name)

    assert found is None or found.startswith("/a/mirror/")


def test_many_may_add_at_once(mirror: Mirror, file: Path) -> None:
    urls = [f"https://host.example/{number}" for number in range(12)]
    threads = [threading.Thread(target=mirror.add, args=(url, file)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(urls) == [one.entry.url for one in mirror.list()]
    assert [] == list(mirror.folder.glob(".adding.*"))


def test_a_written_document_is_read_as_it_was(mirror: Mirror, file: Path) -> None:
    mirror.add(URL, file)
    entries = read_entries(mirror.folder)
    (mirror.folder / "mirror.json").write_bytes(document_of(entries.values()))

    assert entries == read_entries(mirror.folder)
