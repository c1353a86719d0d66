"""Registered models, as the SDK offers them: `Workspace.models`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from onnxport.domain.conversion import Proof
from onnxport.domain.model import Lineage, ModelFile, ModelVersion
from onnxport.domain.names import (
    ModelReference,
    check_alias,
    check_model_name,
    is_reference,
    parse_reference,
)
from onnxport.registry.blobs.interface import Blob
from onnxport.registry.errors import ModelNotFound
from onnxport.registry.model_rows import ModelSummary, NewVersion, VersionSummary
from onnxport.registry.registry import Registry
from onnxport.service.conversion.source_digest import sha256_of
from onnxport.service.labels import Labels, as_mapping, check_text, checked_pairs, given_labels
from onnxport.service.model.download import download, download_source
from onnxport.service.model.errors import InvalidLabel, ProofUnusable, SourceNotProven
from onnxport.service.model.framework import framework_of
from onnxport.service.model.place import placed_model
from onnxport.service.model.source import (
    ModelSource,
    SourceFile,
    read_proof,
    read_source,
    source_files,
)

Reference = str | ModelReference
"""`models:/name/3`, `models:/name@alias`, `models:/name`, or a plain name for its newest version."""

_LONGEST_FRAMEWORK = 64


class Models:
    """Registers models and finds them again."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def register(
        self,
        path: str | Path,
        name: str | None = None,
        *,
        description: str = "",
        tags: Labels | None = None,
        properties: Mapping[str, str] | None = None,
        framework: str | None = None,
        framework_version: str | None = None,
        alias: str | None = None,
        proof: str | Path | None = None,
        converted_from: str | Path | None = None,
        run: str | None = None,
        keep_folder: bool = False,
    ) -> ModelVersion:
        """Copy a model into the workspace as the next version of `name`: whole, or not at all.

        Args:
            path: an ONNX file (its external data files come along), a folder (taken whole, apart from hidden files), or, with
                `framework`, a file of any other kind.
            name: the model's name; by default from the path.
            description: what people should know about this version.
            tags: labels that may change later.
            properties: labels that never change.
            framework: what the model was made with; by default what its proof says, else `onnx`. `auto`: what a look at the files tells,
                `custom` where it tells nothing.
            framework_version: the version of that framework.
            alias: a name for this version, such as `champion`; moved here from the version that had it.
            proof: the proof document; by default the file `<model>.proof.json` beside the model, if there is one.
            converted_from: the file or folder that the model was converted from, to be kept with it; the proof must be of that.
            run: the run that made the model.
            keep_folder: let the paths of a folder's files begin with the folder's own name, as scoring code for Azure ML expects.

        Raises:
            UserError: the path, the model, its proof or a label is not acceptable; the classes are in `onnxport.service.model.errors`,
                `onnxport.inspect.errors` and `onnxport.domain.names`.
            StoreFull, StoreUnavailable, DatabaseFailed: the workspace cannot be written.
        """
        path = Path(path).expanduser()
        if framework == "auto":
            framework = framework_of(path)
        source = read_source(path, framework, None if proof is None else Path(proof))
        if keep_folder:
            source = source.under_own_name()
        name = check_model_name(source.default_name if name is None else name)
        tags = checked_pairs("tag", as_mapping(tags))
        properties = checked_pairs("property", properties or {})
        aliases = () if alias is None else (check_alias(alias),)
        check_text("description", description)
        _check_framework(framework, framework_version)
        with self.using_bytes():
            files = self._store(source.files)
            proven = _proof_of(source, files)
            originals = () if converted_from is None else self._originals(converted_from, proven)
            conversion = proven.conversion if proven else None
            if framework is None and conversion is not None:
                framework, framework_version = conversion.framework, conversion.framework_version
            lineage = Lineage(
                _named_source(source, converted_from), conversion, proven, run, originals
            )
            return self._registry.models.add(
                NewVersion(
                    name,
                    framework or "onnx",
                    framework_version,
                    source.main_file,
                    files,
                    source.signature,
                    description,
                    tags,
                    properties,
                    aliases,
                    lineage,
                )
            )

    def names(self) -> list[str]:
        """The names of all models, sorted."""
        return self._registry.models.names()

    def list(self) -> list[ModelSummary]:
        """All models by name."""
        return self._registry.models.models()

    def versions(self, name: str) -> Sequence[VersionSummary]:
        """All versions of a model, ascending; raises `ModelNotFound`."""
        return self._registry.models.versions(_reference(name).name)

    def get(
        self, reference: Reference, *, version: int | None = None, alias: str | None = None
    ) -> ModelVersion:
        """One version, with everything that is known about it.

        Raises:
            InvalidReference, InvalidName: the text is not a reference.
            ModelNotFound, VersionNotFound, AliasNotFound: it leads nowhere.
        """
        found = _reference(reference)
        if version is not None or alias is not None:
            found = ModelReference(found.name, version, alias)
        return self._registry.models.get(found)

    def search(
        self,
        name: str | None = None,
        *,
        version: int | None = None,
        tags: Iterable[tuple[str, str | None]] = (),
        properties: Iterable[tuple[str, str | None]] = (),
        framework: str | None = None,
        run: str | None = None,
        newest: bool = False,
    ) -> Sequence[ModelVersion]:
        """The versions that pass every filter, by name and number; none is no error.

        Args:
            name: only versions of this model.
            version: only those of this number.
            tags: pairs that they must have; `None` as a value stands for any.
            properties: the same for properties.
            framework: what they were made with.
            run: the run that made them.
            newest: of each model only the newest of those found.
        """
        wanted_tags, wanted_properties = tuple(tags), tuple(properties)
        names = self.names() if name is None else [name]
        found: dict[tuple[str, int], ModelVersion] = {}
        for summary in (one for known in names for one in self._versions_if_any(known)):
            if version not in (None, summary.version):
                continue
            one = self.get(summary.reference)
            fits = (
                _has(one.tags, wanted_tags)
                and _has(one.properties, wanted_properties)
                and framework in (None, one.framework)
                and run in (None, one.lineage.run)
            )
            if fits:
                found[one.name, 0 if newest else one.version] = one
        return list(found.values())

    def tag(self, reference: Reference, tags: Labels) -> ModelVersion:
        """Set tags; the others stay."""
        checked = checked_pairs("tag", as_mapping(tags))
        return self._registry.models.set_tags(_reference(reference), checked)

    def untag(self, reference: Reference, keys: Iterable[str]) -> ModelVersion:
        """Remove tags; keys that are not there are no error."""
        return self._registry.models.set_tags(_reference(reference), {}, list(keys))

    def label(
        self,
        reference: Reference,
        *,
        description: str | None = None,
        tags: Labels | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> ModelVersion:
        """Replace the description and all tags, and add properties: those of them that are given, in one step.

        Raises:
            InvalidLabel: a text that cannot be kept.
            PropertyFixed: another value for a property that is there already.
        """
        given = given_labels(description, tags, properties)
        return self._registry.models.set_labels(_reference(reference), given)

    def describe(self, reference: Reference, description: str) -> ModelVersion:
        """Replace the description."""
        check_text("description", description)
        return self._registry.models.set_description(_reference(reference), description)

    def set_alias(self, reference: Reference, alias: str) -> ModelVersion:
        """Let an alias mean this version, whatever it meant before."""
        return self._registry.models.set_alias(_reference(reference), check_alias(alias))

    def remove_alias(self, name: str, alias: str) -> None:
        """Forget an alias; raises `AliasNotFound`."""
        self._registry.models.remove_alias(_reference(name).name, check_alias(alias))

    def delete(self, reference: Reference) -> ModelReference:
        """Delete one version; its number is not given again, and its bytes stay until `Workspace.gc`.

        Raises:
            VersionInUse: an endpoint uses it.
        """
        return self._registry.models.delete(_reference(reference))

    def delete_all(self, name: str) -> Sequence[ModelReference]:
        """Delete every version of a model, or none when an endpoint uses one of them."""
        return self._registry.models.delete_all(_reference(name).name)

    def download(
        self,
        reference: Reference,
        directory: str | Path,
        *,
        overwrite: bool = False,
        source: bool = False,
    ) -> Path:
        """Copy a version's files into a folder, checking every byte; a proof is written beside the model.

        Args:
            reference: the version.
            directory: the folder; made when missing.
            overwrite: replace what has the names of the version's files.
            source: copy what the version was converted from instead.

        Returns:
            The model's file, or the folder where the version has no main file; with `source` the file or folder that was converted.

        Raises:
            NoSource: `source` is asked for, and the version does not have it.
            DestinationTaken, DestinationUnusable: something is in the way; nothing was changed.
            BlobMissing, BlobDamaged: the workspace has lost bytes of this version.
        """
        version = self.get(reference)
        folder = Path(directory).expanduser()
        take = download_source if source else download
        return take(self._registry.blobs, version, folder, overwrite=overwrite)

    def path(self, reference: Reference) -> Path:
        """Where a version can be read in place: its file, or its folder where it has several.

        It lies in the workspace, is read-only and shares storage with the blobs where the disk can.

        Raises:
            BlobMissing, BlobDamaged: the workspace has lost bytes of this version.
        """
        with self.using_bytes():
            return placed_model(self._registry.root, self.get(reference), self.materialise)

    def materialise(self, version: ModelVersion, directory: Path) -> None:
        """Put a version's files under a directory, read-only, sharing storage with the workspace where possible."""
        for file in version.files:
            path = directory / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            self._registry.blobs.place(Blob(file.sha256, file.size), path, link=True)

    def using_bytes(self) -> AbstractContextManager[None]:
        """Hold this to go from bytes to a record of them, or back: no garbage collection happens in between."""
        return self._registry.blobs.using()

    def _versions_if_any(self, name: str) -> Sequence[VersionSummary]:
        try:
            return self.versions(name)
        except ModelNotFound:
            return ()

    def _originals(self, path: str | Path, proof: Proof | None) -> tuple[ModelFile, ...]:
        """Keep what a model was converted from; raises `SourceNotProven` where the proof is of another."""
        path = Path(path).expanduser()
        if proof is None or proof.conversion.source_sha256 != sha256_of(path):
            raise SourceNotProven(path)
        return self._store(source_files(path))

    def _store(self, sources: Sequence[SourceFile]) -> tuple[ModelFile, ...]:
        files = []
        for file in sources:
            blob = self._registry.blobs.put(file.path)
            files.append(ModelFile(file.name, blob.size, blob.sha256))
        # What was inspected is what was copied: looked at before the one, compared after the other.
        for file in sources:
            file.check_unchanged()
        return tuple(files)


def _reference(text: Reference) -> ModelReference:
    if isinstance(text, ModelReference):
        return text
    return parse_reference(text) if is_reference(text) else ModelReference(check_model_name(text))


def _has(labels: Mapping[str, str], wanted: Iterable[tuple[str, str | None]]) -> bool:
    return all(key in labels and value in (None, labels[key]) for key, value in wanted)


def _named_source(source: ModelSource, converted_from: str | Path | None) -> str:
    """The path that a person named: what was converted, where that is known."""
    path = source.path if converted_from is None else Path(converted_from).expanduser()
    return str(path.absolute())


def _proof_of(source: ModelSource, files: Iterable[ModelFile]) -> Proof | None:
    if source.proof_path is None:
        return None
    for file in files:
        if file.path == source.main_file:
            return read_proof(source.proof_path, file.sha256)
    raise ProofUnusable(source.proof_path, "belongs to an ONNX model, and this is not one")


def _check_framework(framework: str | None, version: str | None) -> None:
    for text in (framework, version):
        if text is not None and not (1 <= len(text) <= _LONGEST_FRAMEWORK and text.isprintable()):
            raise InvalidLabel("framework", f"{text[:80]!r} is not 1 to 64 printable characters")
