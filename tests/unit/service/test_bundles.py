"""Bundles are found by digest, endpoint and revision; they go out and come in whole."""

from pathlib import Path

import pytest
from fake.bundles import build_script_bundle
from fake.registry import new_version, open_registry
from onnxport.bundle.interface import ArchiveRefused, BundleDamaged
from onnxport.domain.endpoint import EndpointSpec, Revision
from onnxport.domain.traffic import Traffic
from onnxport.registry.errors import RevisionNotFound
from onnxport.service.bundles import BundleNotFound, Bundles
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.model.errors import DestinationTaken, DestinationUnusable


@pytest.fixture
def bundle(tmp_path):
    return build_script_bundle(tmp_path / "bundles")


@pytest.fixture
def bundles(tmp_path, bundle):
    """A workspace whose endpoint `bert` has two revisions; the second gets most of the traffic, and its bundle is gone."""
    registry = open_registry(tmp_path)
    registry.models.add(new_version("bert"))
    registry.endpoints.create("bert")
    for digest in (bundle.digest, "sha256:" + "f" * 64):
        registry.endpoints.allocate_revision("bert", digest, [("bert", 1)], {}, {})
    revisions = (Revision(1, bundle.digest, "x"), Revision(2, "sha256:" + "f" * 64, "x"))
    directory = EndpointDirectory(tmp_path / "endpoints" / "bert")
    directory.path.mkdir(parents=True)
    directory.write_spec(EndpointSpec("bert", 1, revisions, Traffic.of({1: 60, 2: 40})))
    return Bundles(tmp_path, registry.endpoints)


@pytest.mark.parametrize("name", ["bert", "bert/1", "digest", "hex", "start"])
def test_a_bundle_has_several_names(bundles, bundle, name):
    names = {
        "digest": bundle.digest,
        "hex": bundle.directory.name,
        "start": bundle.digest[: len("sha256:") + 6],
    }

    view = bundles.show(names.get(name, name))

    assert (bundle.digest, bundle.manifest, ("bert/1",)) == (
        view.digest,
        view.manifest,
        view.revisions,
    )


def test_a_bundle_is_told_to_programs_whole(bundles, bundle):
    document = bundles.show("bert").to_json()

    assert (bundle.digest, ["bert/1"], "script") == (
        document["digest"],
        document["revisions"],
        document["manifest"]["kind"],
    )
    assert sum(file["size"] for file in document["manifest"]["files"]) == document["bytes"]


@pytest.mark.parametrize("name", ["nobody", "", "sha256:" + "0" * 64, "abcd", "../x", "bert/2"])
def test_what_is_no_bundle_is_told(bundles, name):
    with pytest.raises(BundleNotFound, match="there is no bundle"):
        bundles.show(name)


def test_a_revision_that_is_not_there_is_told(bundles):
    with pytest.raises(RevisionNotFound, match="no revision 7"):
        bundles.show("bert/7")


def test_a_beginning_that_means_several_is_told(bundles, bundle, tmp_path):
    (tmp_path / "bundles" / (bundle.directory.name[:6] + "0" * 58)).mkdir()

    with pytest.raises(BundleNotFound, match="2 bundles begin"):
        bundles.show(bundle.directory.name[:6])


def test_a_changed_byte_is_found_by_verify_only(bundles, bundle):
    script = bundle.directory / "code/score.py"
    body = script.read_bytes()
    script.unlink()
    script.write_bytes(body.swapcase())

    assert bundle.digest == bundles.show("bert").digest
    with pytest.raises(BundleDamaged, match=r"score\.py has changed"):
        bundles.verify("bert")


def test_a_bundle_goes_from_one_workspace_to_another(bundles, bundle, tmp_path):
    archive = bundles.export("bert", tmp_path)
    other = Bundles(tmp_path / "other", open_registry(tmp_path / "other").endpoints)

    imported = other.import_archive(archive)

    assert f"bundle-{bundle.directory.name[:12]}.tar.gz" == archive.name
    assert (True, bundle.digest, ()) == (
        imported.is_new,
        imported.view.digest,
        imported.view.revisions,
    )
    assert bundle.digest == other.verify(bundle.digest).digest
    assert not other.import_archive(archive).is_new


def test_an_export_overwrites_nothing(bundles, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("mine")

    with pytest.raises(DestinationTaken):
        bundles.export("bert", taken)
    with pytest.raises(DestinationUnusable):
        bundles.export("bert", tmp_path / "no" / "b.tar.gz")

    assert "mine" == taken.read_text()


def test_a_missing_archive_is_told(bundles):
    with pytest.raises(ArchiveRefused, match="No such file"):
        bundles.import_archive(Path("nowhere.tar.gz"))
