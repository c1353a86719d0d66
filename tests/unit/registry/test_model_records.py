"""Records of models: numbers, references, tags, aliases, deletion."""

import re
from datetime import UTC, datetime

import pytest
from fake.registry import new_version, open_registry
from onnxport.domain.conversion import Conversion, InputSet, OutputComparison, Proof
from onnxport.domain.dtype import DType
from onnxport.domain.model import Lineage
from onnxport.domain.names import ModelReference
from onnxport.domain.signature import NamedValue, Signature, TensorType
from onnxport.registry.errors import AliasNotFound, ModelNotFound, VersionInUse, VersionNotFound


@pytest.fixture
def registry(tmp_path):
    return open_registry(tmp_path)


@pytest.fixture
def models(registry):
    return registry.models


def full_version():
    conversion = Conversion(
        "sklearn", "1.7", "iris.pkl", "0" * 64, "skl2onnx", {"a": "1"}, 17, "2026-01-01T00:00:00Z"
    )
    comparison = OutputComparison("y", 3, 1e-7, 1e-6, 1.0, 0, 1e-5, 1e-4, (1, 2), varies=True)
    proof = Proof("0" * 64, True, None, conversion, (comparison,), (InputSet("sample", 3),))
    value = NamedValue("x", TensorType(DType.FLOAT32, ("N", 4)))
    return new_version(
        framework="sklearn",
        framework_version="1.7",
        main_file="model.bin",
        signature=Signature((value,), (value,)),
        description="Größe 🌷\nsecond line",
        tags={"stage": "test", "flag": ""},
        properties={"area": "flowers"},
        aliases=("champion",),
        lineage=Lineage("/data/iris.onnx", conversion, proof, "run-7"),
    )


def test_a_version_is_read_as_it_was_recorded(models):
    before = datetime.now(UTC)

    added = models.add(full_version())

    assert added == models.get(ModelReference("iris", 1))
    assert before <= added.created <= datetime.now(UTC)
    assert re.fullmatch("sha256:[0-9a-f]{64}", added.digest)


def test_versions_count_from_one_per_model(models):
    numbers = [models.add(new_version(name)).version for name in ("a", "a", "b", "a")]

    assert [1, 2, 1, 3] == numbers


def test_the_number_of_a_deleted_version_is_not_given_again(models):
    for _ in range(2):
        models.add(new_version())
    models.delete(ModelReference("iris", 2))

    assert 3 == models.add(new_version()).version


def test_a_model_without_versions_is_not_there_but_remembers_its_numbers(models):
    models.add(new_version())
    models.delete_all("iris")

    assert [] == models.names()
    assert [] == models.models()
    with pytest.raises(ModelNotFound):
        models.versions("iris")
    assert 2 == models.add(new_version()).version


def test_a_name_alone_means_the_newest_version(models):
    for _ in range(3):
        models.add(new_version())
    models.delete(ModelReference("iris", 3))

    assert 2 == models.get(ModelReference("iris")).version


def test_an_unknown_model_is_answered_with_close_names(models):
    models.add(new_version("iris-forest"))

    with pytest.raises(ModelNotFound, match=r"no model 'iris_forest'.*mean 'iris-forest'\?"):
        models.get(ModelReference("iris_forest"))


def test_an_unknown_version_is_answered_with_the_known_ones(models):
    for _ in range(5):
        models.add(new_version())
    models.delete(ModelReference("iris", 4))

    with pytest.raises(VersionNotFound, match=r"no version 9; it has 1-3, 5$"):
        models.get(ModelReference("iris", 9))


def test_an_alias_follows_the_version_it_is_set_to(models):
    models.add(new_version(aliases=("champion",)))
    models.add(new_version())

    models.set_alias(ModelReference("iris", 2), "champion")

    assert ("champion",) == models.get(ModelReference("iris", alias="champion")).aliases
    assert [(), ("champion",)] == [version.aliases for version in models.versions("iris")]


def test_registering_with_an_alias_moves_it(models):
    for _ in range(2):
        models.add(new_version(aliases=("champion",)))

    assert 2 == models.get(ModelReference("iris", alias="champion")).version
    assert {"champion": 2} == models.models()[0].aliases


def test_an_alias_goes_with_its_version(models):
    models.add(new_version())
    models.add(new_version(aliases=("champion", "best")))
    models.delete(ModelReference("iris", alias="best"))

    with pytest.raises(AliasNotFound, match="no alias 'champion'; it has no aliases"):
        models.get(ModelReference("iris", alias="champion"))


def test_an_unknown_alias_is_answered_with_the_known_ones(models):
    models.add(new_version(aliases=("best",)))

    with pytest.raises(AliasNotFound, match="its aliases are best"):
        models.remove_alias("iris", "champion")


def test_tags_are_set_changed_and_removed_one_by_one(models):
    models.add(new_version(tags={"a": "1", "b": "2", "c": "3"}))

    changed = models.set_tags(ModelReference("iris"), {"b": "two", "d": ""}, ["a", "never there"])

    assert {"b": "two", "c": "3", "d": ""} == changed.tags
    assert {"b": "two", "c": "3", "d": ""} == models.versions("iris")[0].tags


def test_tags_of_one_version_are_not_those_of_another(models):
    models.add(new_version(tags={"a": "1"}))
    models.add(new_version(tags={"a": "2"}))

    models.set_tags(ModelReference("iris", 1), {}, ["a"])

    assert [{}, {"a": "2"}] == [version.tags for version in models.versions("iris")]


def test_a_description_can_be_replaced(models):
    models.add(new_version(description="old"))

    models.set_description(ModelReference("iris", 1), "new")

    assert "new" == models.get(ModelReference("iris", 1)).description


def test_a_list_of_models_shows_the_newest_version_of_each(models):
    models.add(new_version("b", framework="one"))
    models.add(new_version("b", framework="two"))
    models.add(new_version("a"))

    rows = [(m.name, m.versions, m.newest, m.framework) for m in models.models()]

    assert [("a", 1, 1, "test"), ("b", 2, 2, "two")] == rows


def test_a_list_of_versions_says_the_same_as_each_version(models):
    models.add(full_version())
    version = models.get(ModelReference("iris", 1))

    [summary] = models.versions("iris")

    assert [getattr(version, field) for field in summary._fields] == list(summary)
    assert version.reference == summary.reference


@pytest.mark.parametrize("state", ["pending", "ready"])
def test_a_version_that_an_endpoint_uses_is_not_deleted(registry, models, state):
    models.add(new_version())
    models.add(new_version())
    registry.endpoints.create("flowers")
    number = registry.endpoints.allocate_revision("flowers", "sha256:0", [("iris", 1)], {}, {})
    registry.endpoints.set_revision_state("flowers", number, state)

    for attempt in (
        lambda: models.delete(ModelReference("iris", 1)),
        lambda: models.delete_all("iris"),
    ):
        with pytest.raises(VersionInUse, match="models:/iris/1 is used by the endpoint 'flowers'"):
            attempt()
    assert [1, 2] == [version.version for version in models.versions("iris")]
    models.delete(ModelReference("iris", 2))


@pytest.mark.parametrize("state", ["failed", "retired"])
def test_a_version_that_an_endpoint_used_once_can_be_deleted(registry, models, state):
    models.add(new_version())
    registry.endpoints.create("flowers")
    number = registry.endpoints.allocate_revision("flowers", "sha256:0", [("iris", 1)], {}, {})
    registry.endpoints.set_revision_state("flowers", number, state)

    assert ModelReference("iris", 1) == models.delete(ModelReference("iris", 1))


def test_blobs_are_named_once_however_many_versions_share_them(models):
    for content in (b"one", b"two", b"one"):
        models.add(new_version(content=content))

    assert 2 == len(models.blobs())
    models.delete(ModelReference("iris", 2))
    assert 1 == len(models.blobs())


def test_a_registry_that_is_opened_again_holds_the_same(tmp_path, models):
    added = models.add(full_version())

    assert added == open_registry(tmp_path).models.get(ModelReference("iris"))
