"""A change touches what it names and nothing that is sorted before or after it."""

import pytest
from fake.registry import new_version, open_registry
from onnxport.domain.names import ModelReference
from onnxport.registry.endpoints import RevisionState
from onnxport.registry.errors import VersionNotFound

NAMES = ("a", "b", "c")


@pytest.fixture
def registry(tmp_path):
    """Three models of three versions, each with a tag; three endpoints of three revisions, each of one version."""
    registry = open_registry(tmp_path)
    for name in NAMES:
        for _ in range(3):
            registry.models.add(new_version(name, tags={"k": "1", "l": "1", "j": "1"}))
        for alias, version in (("x", 1), ("y", 2), ("z", 3)):
            registry.models.set_alias(ModelReference(name, version), alias)
        registry.endpoints.create(name)
        for version in (1, 2, 3):
            registry.endpoints.allocate_revision(
                name, f"sha256:{version}", [(name, version)], {}, {}
            )
    return registry


def state(registry):
    """Everything that can be read, by model and endpoint."""
    models = {
        (version.name, version.version): (
            dict(version.tags),
            version.description,
            tuple(version.aliases),
        )
        for name in registry.models.names()
        for number in range(1, 4)
        if (version := _get(registry, name, number)) is not None
    }
    endpoints = {
        (endpoint.name, revision.number): str(revision.state)
        for endpoint in registry.endpoints.list()
        for revision in registry.endpoints.revisions(endpoint.name)
    }
    return models | {("endpoint", *key): value for key, value in endpoints.items()}


@pytest.mark.parametrize(
    ("change", "touched"),
    [
        (lambda r: r.models.set_tags(ModelReference("b", 2), {"k": "2"}), [("b", 2)]),
        (lambda r: r.models.set_tags(ModelReference("b", 2), {}, ["k"]), [("b", 2)]),
        (lambda r: r.models.set_description(ModelReference("b", 2), "new"), [("b", 2)]),
        (lambda r: r.models.remove_alias("b", "y"), [("b", 2)]),
        (lambda r: r.models.set_alias(ModelReference("b", 3), "y"), [("b", 2), ("b", 3)]),
        (
            lambda r: r.endpoints.set_revision_state("b", 2, RevisionState.READY),
            [("endpoint", "b", 2)],
        ),
        (lambda r: r.endpoints.delete("b"), [("endpoint", "b", n) for n in (1, 2, 3)]),
    ],
    ids=["tag", "untag", "describe", "remove alias", "move alias", "state", "delete endpoint"],
)
def test_a_change_touches_what_it_names(registry, change, touched):
    before = state(registry)
    change(registry)
    after = state(registry)

    assert sorted(touched) == sorted(key for key in before if before[key] != after.get(key))


def test_deleting_a_version_leaves_the_others(registry):
    for name in NAMES:
        registry.endpoints.delete(name)
    before = state(registry)
    registry.models.delete(ModelReference("b", 2))
    after = state(registry)

    assert [("b", 2)] == [key for key in before if before[key] != after.get(key)]


def test_deleting_a_model_leaves_the_others(registry):
    for name in NAMES:
        registry.endpoints.delete(name)
    before = state(registry)
    registry.models.delete_all("b")
    after = state(registry)

    assert [("b", 1), ("b", 2), ("b", 3)] == [
        key for key in before if before[key] != after.get(key)
    ]


def test_only_the_endpoints_of_a_version_use_it(registry):
    assert ["b"] == list(registry.endpoints.users_of("b", 2))


def _get(registry, name, number):
    try:
        return registry.models.get(ModelReference(name, number))
    except VersionNotFound:
        return None
