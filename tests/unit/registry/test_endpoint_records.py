"""Records of endpoints and revisions."""

import pytest
from fake.registry import new_version, open_registry
from onnxport.domain.names import InvalidName
from onnxport.registry.endpoints import RevisionState
from onnxport.registry.errors import (
    EndpointExists,
    EndpointNotFound,
    RevisionNotFound,
    VersionNotFound,
)


@pytest.fixture
def registry(tmp_path):
    made = open_registry(tmp_path)
    for name in ("a", "a", "b"):
        made.models.add(new_version(name))
    return made


@pytest.fixture
def endpoints(registry):
    registry.endpoints.create("iris")
    return registry.endpoints


def test_a_new_endpoint_has_no_revisions(endpoints):
    assert endpoints.get("iris") == endpoints.list()[0]
    assert 0 == endpoints.get("iris").last_revision
    assert [] == list(endpoints.revisions("iris"))


def test_a_name_is_given_once(endpoints):
    with pytest.raises(EndpointExists, match="'iris'"):
        endpoints.create("iris")


def test_a_name_that_no_address_can_hold_is_refused(endpoints):
    with pytest.raises(InvalidName):
        endpoints.create("Not A Host")


def test_revisions_count_from_one_per_endpoint(endpoints):
    endpoints.create("other")

    numbers = [
        endpoints.allocate_revision(name, "sha256:0", [], {}, {})
        for name in ("iris", "iris", "other", "iris")
    ]

    assert [1, 2, 1, 3] == numbers
    assert 3 == endpoints.get("iris").last_revision


def test_a_revision_is_read_as_it_was_recorded(endpoints):
    models = [("b", 1), ("a", 2), ("a", 1)]
    endpoints.allocate_revision("iris", "sha256:7", models, {"cpu": 0.5}, {"providers": ["X"]})

    [revision] = endpoints.revisions("iris")

    assert (1, "sha256:7", RevisionState.PENDING) == (
        revision.number,
        revision.digest,
        revision.state,
    )
    assert tuple(models) == revision.models
    assert ({"cpu": 0.5}, {"providers": ["X"]}) == (revision.resources, revision.settings)


def test_a_revision_of_a_version_that_is_gone_is_not_recorded(endpoints):
    with pytest.raises(VersionNotFound, match="no version 9"):
        endpoints.allocate_revision("iris", "sha256:0", [("a", 9)], {}, {})

    assert [] == list(endpoints.revisions("iris"))
    assert 1 == endpoints.allocate_revision("iris", "sha256:0", [], {}, {})


def test_only_known_states_are_kept(endpoints):
    endpoints.allocate_revision("iris", "sha256:0", [], {}, {})
    endpoints.set_revision_state("iris", 1, "ready")

    with pytest.raises(ValueError, match="asleep"):
        endpoints.set_revision_state("iris", 1, "asleep")

    assert RevisionState.READY == endpoints.revisions("iris")[0].state


def test_an_unknown_revision_is_answered_with_the_known_ones(endpoints):
    endpoints.allocate_revision("iris", "sha256:0", [], {}, {})

    with pytest.raises(RevisionNotFound, match=r"no revision 2; it has 1$"):
        endpoints.set_revision_state("iris", 2, "ready")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda e: e.get("irsi"),
        lambda e: e.delete("irsi"),
        lambda e: e.revisions("irsi"),
        lambda e: e.allocate_revision("irsi", "sha256:0", [], {}, {}),
        lambda e: e.set_revision_state("irsi", 1, "ready"),
    ],
    ids=["get", "delete", "revisions", "allocate", "state"],
)
def test_an_unknown_endpoint_is_answered_with_close_names(endpoints, attempt):
    with pytest.raises(EndpointNotFound, match="mean 'iris'"):
        attempt(endpoints)


def test_users_of_a_version_are_the_endpoints_that_may_serve_it(endpoints):
    for name in ("zoo", "bar"):
        endpoints.create(name)
        endpoints.allocate_revision(name, "sha256:0", [("a", 1)], {}, {})
    endpoints.allocate_revision("bar", "sha256:0", [("a", 1)], {}, {})
    endpoints.allocate_revision("iris", "sha256:0", [("a", 1)], {}, {})
    endpoints.set_revision_state("iris", 1, "failed")

    assert ["bar", "zoo"] == list(endpoints.users_of("a", 1))
    assert [] == list(endpoints.users_of("a", 2))


def test_a_deleted_endpoint_uses_nothing(endpoints):
    endpoints.allocate_revision("iris", "sha256:0", [("a", 1)], {}, {})

    endpoints.delete("iris")

    assert [] == list(endpoints.users_of("a", 1))
    assert frozenset() == endpoints.digests()
    assert [] == endpoints.list()
