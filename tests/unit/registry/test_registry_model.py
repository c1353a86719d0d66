"""The registry behaves like a dictionary of versions, whatever is done to it in whatever order."""

import shutil
import tempfile
from pathlib import Path

from fake.registry import new_version, open_registry
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from onnxport.domain.names import ModelReference
from onnxport.registry.errors import AliasNotFound, ModelNotFound, VersionNotFound

NAMES = st.sampled_from(["a", "b"])
NUMBERS = st.integers(1, 4)
WORDS = st.sampled_from(["x", "y"])
MISSING = (ModelNotFound, VersionNotFound, AliasNotFound)


class RegistryMachine(RuleBasedStateMachine):
    """`self.versions[name][number]` is (content, tags); `self.aliases[name][alias]` is a number."""

    @initialize()
    def make(self):
        self.folder = Path(tempfile.mkdtemp())
        self.registry = open_registry(self.folder)
        self.versions: dict[str, dict[int, tuple[bytes, dict[str, str]]]] = {"a": {}, "b": {}}
        self.aliases: dict[str, dict[str, int]] = {"a": {}, "b": {}}
        self.last = {"a": 0, "b": 0}

    def teardown(self):
        shutil.rmtree(self.folder)

    @rule(name=NAMES, content=st.sampled_from([b"1", b"2"]), alias=st.none() | WORDS)
    def register(self, name, content, alias):
        source = self.folder / "source"
        source.write_bytes(content)
        self.registry.blobs.put(source)
        aliases = () if alias is None else (alias,)
        added = self.registry.models.add(new_version(name, content, aliases=aliases))
        self.last[name] += 1
        assert self.last[name] == added.version
        self.versions[name][added.version] = (content, {})
        self.aliases[name] |= dict.fromkeys(aliases, added.version)

    @rule(name=NAMES, number=NUMBERS)
    def delete(self, name, number):
        expected = number in self.versions[name]
        assert expected == self.worked(
            lambda: self.registry.models.delete(ModelReference(name, number))
        )
        self.versions[name].pop(number, None)
        self.aliases[name] = {a: n for a, n in self.aliases[name].items() if n != number}

    @rule(name=NAMES, number=NUMBERS, alias=WORDS)
    def set_alias(self, name, number, alias):
        expected = number in self.versions[name]
        reference = ModelReference(name, number)
        assert expected == self.worked(lambda: self.registry.models.set_alias(reference, alias))
        if expected:
            self.aliases[name][alias] = number

    @rule(name=NAMES, alias=WORDS)
    def remove_alias(self, name, alias):
        expected = alias in self.aliases[name]
        assert expected == self.worked(lambda: self.registry.models.remove_alias(name, alias))
        self.aliases[name].pop(alias, None)

    @rule(name=NAMES, number=NUMBERS, tags=st.dictionaries(WORDS, WORDS), removed=st.lists(WORDS))
    def tag(self, name, number, tags, removed):
        expected = number in self.versions[name]
        reference = ModelReference(name, number)
        assert expected == self.worked(
            lambda: self.registry.models.set_tags(reference, tags, removed)
        )
        if expected:
            content, old = self.versions[name][number]
            kept = {key: value for key, value in old.items() if key not in removed}
            self.versions[name][number] = (content, kept | tags)

    @rule()
    def sweep(self):
        self.registry.blobs.sweep(lambda: {blob.sha256 for blob in self.registry.models.blobs()})

    @invariant()
    def it_says_what_the_dictionary_says(self):
        models = self.registry.models
        assert [name for name in "ab" if self.versions[name]] == models.names()
        for name in models.names():
            found = {version.version: version for version in models.versions(name)}
            expected = {number: tags for number, (_, tags) in self.versions[name].items()}
            assert expected == {number: dict(version.tags) for number, version in found.items()}
            aliases = {
                alias: number for number, version in found.items() for alias in version.aliases
            }
            assert self.aliases[name] == aliases
            assert max(found) == models.get(ModelReference(name)).version

    @invariant()
    def no_named_bytes_are_lost(self):
        blobs = self.registry.models.blobs()
        contents = {content for name in "ab" for content, _ in self.versions[name].values()}
        assert len(contents) == len(blobs)
        for blob in blobs:
            self.registry.blobs.check(blob)

    def worked(self, attempt) -> bool:
        try:
            attempt()
        except MISSING:
            return False
        return True


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(max_examples=8, stateful_step_count=15, deadline=None)
