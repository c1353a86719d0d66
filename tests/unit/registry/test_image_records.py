"""Images in the registry: numbers given once, labels, and workspaces of before there were any."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config
from onnxport.domain.image import ImageState
from onnxport.registry import migrate
from onnxport.registry.connection import open_database, writing
from onnxport.registry.errors import ImageNotFound
from onnxport.registry.location import Location
from onnxport.registry.registry import Registry


@pytest.fixture
def registry(tmp_path):
    return Registry(Location.in_folder(tmp_path))


def add(registry, name="scorer", **labels):
    return registry.images.add(
        name,
        state=ImageState.READY,
        log="built",
        digest="sha256:" + "a" * 64,
        models=[("iris", 1)],
        labels=labels,
    )


def test_versions_count_up_and_no_number_is_given_twice(registry):
    assert [1, 2] == [add(registry).version for _ in range(2)]
    registry.images.delete("scorer", 2)

    assert 3 == add(registry).version
    assert [1, 3] == [image.version for image in registry.images.list("scorer")]


def test_versions_that_are_added_at_once_have_numbers_of_their_own(registry):
    registry.images.list()
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda _: add(registry).version, range(8)))

    assert list(range(1, 9)) == sorted(versions)


def test_an_image_is_what_was_added(registry):
    added = add(registry, description="d", tags={"a": "b"})

    assert added == registry.images.get("scorer") == registry.images.get("scorer", 1)
    assert ("scorer:1", (("iris", 1),), {"a": "b"}) == (added.reference, added.models, added.tags)
    assert frozenset({"sha256:" + "a" * 64}) == registry.images.digests()


def test_labels_are_replaced_one_by_one(registry):
    add(registry, description="d", tags={"a": "b"})
    registry.images.set_labels("scorer", 1, {"tags": {"c": "d"}})

    found = registry.images.get("scorer")
    assert ("d", {"c": "d"}) == (found.description, found.tags)


@pytest.mark.parametrize(("name", "version"), [("scorer", 7), ("absent", None)])
def test_what_is_not_there_is_told(registry, name, version):
    add(registry)
    for act in (
        lambda: registry.images.get(name, version),
        lambda: registry.images.delete(name, version or 1),
        lambda: registry.images.set_labels(name, version or 1, {}),
    ):
        with pytest.raises(ImageNotFound):
            act()


def test_a_registry_of_before_there_were_images_is_brought_up_to_date(tmp_path):
    engine = open_database(Location.in_folder(tmp_path).database_url)
    with writing(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(migrate._SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with closing(sqlite3.connect(tmp_path / "registry.db")) as connection, connection:
        connection.execute("INSERT INTO endpoint VALUES ('old', '2026-01-01T00:00:00.000000Z', 3)")

    (old,) = Registry(Location.in_folder(tmp_path)).endpoints.list()

    assert ("old", 3, "", {}, {}) == (
        old.name,
        old.last_revision,
        old.description,
        old.tags,
        old.properties,
    )
