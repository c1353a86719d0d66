"""Archives of bundles: the same bytes for the same bundle, whole bundles out of them, and nothing out of hostile ones."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from fake.bundles import build_script_bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnxport.bundle.archive import export_bundle
from onnxport.bundle.interface import ArchiveRefused, Bundle, BundleDamaged
from onnxport.bundle.unpack import import_bundle
from onnxport.bundle.verify import verify


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Bundle:
    return build_script_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def archive(bundle, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("archive ü") / "b.tar.gz"
    export_bundle(bundle, path)
    return path


def entries_of(archive: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(archive) as tar:
        return [(member, tar.extractfile(member).read()) for member in tar]


def pack(path: Path, entries) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, body in entries:
            tar.addfile(member, io.BytesIO(body))
    return path


def entry(name: str, body: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""):
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, len(body), link
    return member, body


def test_an_exported_bundle_comes_back_with_its_digest(bundle, archive, tmp_path):
    imported, is_new = import_bundle(tmp_path / "store", archive)

    assert (bundle.digest, True) == (imported.digest, is_new)
    assert verify(imported.directory) == imported
    assert tmp_path / "store" / bundle.directory.name == imported.directory


def test_a_bundle_that_is_there_is_used_again(archive, tmp_path):
    first, _ = import_bundle(tmp_path, archive)

    assert (first, False) == import_bundle(tmp_path, archive)


def test_the_same_bundle_gives_the_same_bytes(bundle, archive, tmp_path):
    again = build_script_bundle(tmp_path / "elsewhere")
    export_bundle(again, tmp_path / "again.tar.gz")

    assert archive.read_bytes() == (tmp_path / "again.tar.gz").read_bytes()


def test_an_archive_holds_neither_times_nor_owners_and_the_manifest_first(archive):
    members = [member for member, _ in entries_of(archive)]

    assert {(0, 0, 0, "", "", 0o644)} == {
        (m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members
    }
    names = [member.name for member in members]
    assert ["bundle.json", *sorted(names[1:])] == names


def test_a_damaged_bundle_is_not_exported(tmp_path):
    damaged = build_script_bundle(tmp_path)
    code = damaged.directory / "code/score.py"
    body = code.read_bytes()
    code.unlink()
    code.write_bytes(body[::-1])

    with pytest.raises(BundleDamaged, match=r"code/score\.py has changed"):
        export_bundle(damaged, tmp_path / "b.tar.gz")

    assert [damaged.directory] == list(tmp_path.iterdir())


def test_folders_and_a_leading_dot_are_no_harm(archive, tmp_path):
    first, *rest = entries_of(archive)
    for member, _ in [first, *rest]:
        member.name = f"./{member.name}"
    folder = entry("./code", kind=tarfile.DIRTYPE)

    imported, _ = import_bundle(tmp_path / "s", pack(tmp_path / "a.tgz", [folder, first, *rest]))

    assert verify(imported.directory) == imported


HOSTILE = {
    "no manifest": lambda e: e[1:],
    "manifest later": lambda e: [e[1], e[0], *e[2:]],
    "a file missing": lambda e: e[:-1],
    "a file more": lambda e: [*e, entry("extra", b"x")],
    "a file twice": lambda e: [*e, e[-1]],
    "absolute": lambda e: [*e, entry("/etc/passwd", b"x")],
    "out of the folder": lambda e: [*e, entry("../../evil", b"x")],
    "a link": lambda e: [e[0], entry("code/score.py", kind=tarfile.SYMTYPE, link="/etc/passwd")],
    "a hard link": lambda e: [e[0], entry("code/score.py", kind=tarfile.LNKTYPE, link="x")],
    "a folder that is a link": lambda e: [e[0], entry("code", kind=tarfile.SYMTYPE, link="/tmp")],
    "a device": lambda e: [e[0], entry("code/score.py", kind=tarfile.CHRTYPE)],
    "a pipe": lambda e: [e[0], entry("code/score.py", kind=tarfile.FIFOTYPE)],
    "sparse": lambda e: [e[0], entry("code/score.py", kind=tarfile.GNUTYPE_SPARSE)],
    "other bytes": lambda e: [e[0], (e[1][0], e[1][1][::-1]), *e[2:]],
    "longer": lambda e: [e[0], entry(e[1][0].name, e[1][1] + b"x"), *e[2:]],
    "manifest not JSON": lambda e: [entry("bundle.json", b"{"), *e[1:]],
    "manifest nested": lambda e: [entry("bundle.json", b"[" * 200_000), *e[1:]],
    "manifest NaN": lambda e: [entry("bundle.json", e[0][1].replace(b":null", b":NaN", 1)), *e[1:]],
    "manifest with spaces": lambda e: [entry("bundle.json", e[0][1] + b" "), *e[1:]],
    "nothing": lambda e: [],
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_gives_one_error_and_leaves_nothing(archive, tmp_path, change):
    hostile = pack(tmp_path / "hostile.tar.gz", change(entries_of(archive)))
    store = tmp_path / "store"

    with pytest.raises(ArchiveRefused, match="nothing was imported"):
        import_bundle(store, hostile)

    assert [] == (list(store.iterdir()) if store.exists() else [])
    assert {hostile, store} >= set(tmp_path.iterdir())


def manifest_with(bundle: Bundle, **changes) -> bytes:
    document = {**json.loads(bundle.manifest.to_bytes()), **changes}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


FILE = {"path": "a", "size": 0, "sha256": "0" * 64}
CODE = {"directory": "code", "entry_script": "score.py", "source_directory": None}
LYING = {
    "another format": {"format": "onnxport-bundle/9"},
    "another kind": {"kind": "other"},
    "a field more": {"more": 1},
    "a path up": {"files": [{**FILE, "path": "../a"}]},
    "a path from the root": {"files": [{**FILE, "path": "/a"}]},
    "a backslash": {"files": [{**FILE, "path": "a\\b"}]},
    "a null character": {"files": [{**FILE, "path": "a\0"}]},
    "a long name": {"files": [{**FILE, "path": "a" * 300}]},
    "no text": {"files": [{**FILE, "path": 1}]},
    "the manifest itself": {"files": [{**FILE, "path": "bundle.json"}]},
    "a file in a file": {"files": [FILE, {**FILE, "path": "a/b"}]},
    "twice": {"files": [FILE, FILE]},
    "a negative size": {"files": [{**FILE, "size": -1}]},
    "a size that is none": {"files": [{**FILE, "size": True}]},
    "a hash that is none": {"files": [{**FILE, "sha256": "0"}]},
    "code elsewhere": {"code": {**CODE, "entry_script": "../../x.py"}},
    "code that is not listed": {"code": {**CODE, "entry_script": "x.py"}},
    "no code": {"code": None},
    "no environment": {"environment": None},
    "files that are none": {"files": 3},
    "models that are none": {"models": {"a": 1}},
}


@pytest.mark.parametrize("changes", LYING.values(), ids=LYING)
def test_a_manifest_that_breaks_a_rule_is_refused(bundle, archive, tmp_path, changes):
    _, *rest = entries_of(archive)
    lying = pack(
        tmp_path / "l.tar.gz", [entry("bundle.json", manifest_with(bundle, **changes)), *rest]
    )

    with pytest.raises(ArchiveRefused, match=r"bundle\.json"):
        import_bundle(tmp_path / "store", lying)

    assert not (tmp_path / "store").exists()


def test_a_header_that_asks_for_gigabytes_is_refused(archive, tmp_path):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 4 * 1024**3
    bomb = tmp_path / "bomb.tar.gz"
    bomb.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))

    with pytest.raises(ArchiveRefused, match="header is too large"):
        import_bundle(tmp_path / "store", bomb)


def test_what_is_no_archive_or_not_there_is_named(tmp_path):
    (tmp_path / "text").write_text("no archive")

    for name, why in (("text", "gzip"), ("missing", "No such file"), (".", "directory")):
        with pytest.raises(ArchiveRefused, match=why):
            import_bundle(tmp_path / "store", tmp_path / name)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_an_archive_is_refused_or_harmless(bundle, archive, tmp_path, data):
    body = bytearray(gzip.decompress(archive.read_bytes()))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        length = data.draw(st.sampled_from([0, 1, 8, 512]))
        body[at : at + length] = data.draw(st.binary(max_size=12))
    changed = tmp_path / "changed.tar.gz"
    changed.write_bytes(gzip.compress(bytes(body), 1))
    store = tmp_path / "store"

    try:
        imported, _ = import_bundle(store, changed)
    except ArchiveRefused:
        assert [] == [p for p in store.glob("*") if p.name != bundle.directory.name]
    else:
        assert (bundle.digest, imported) == (imported.digest, verify(imported.directory))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes_are_refused(tmp_path, body, packed):
    junk = tmp_path / "junk"
    junk.write_bytes(gzip.compress(body, 1) if packed else body)

    with pytest.raises(ArchiveRefused):
        import_bundle(tmp_path / "store", junk)
