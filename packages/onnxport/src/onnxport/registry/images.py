"""Records of images: names with numbered versions. Every change is one transaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from onnxport.domain.image import Image, ImageState
from onnxport.registry.connection import reading, writing
from onnxport.registry.errors import ImageNotFound
from onnxport.registry.moments import from_text, to_text
from onnxport.registry.numbering import next_number
from onnxport.registry.schema import image, image_version


class ImageRecords:
    """Images of one workspace. Their bytes are bundles, which are elsewhere."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        name: str,
        *,
        state: ImageState,
        log: str,
        digest: str | None,
        models: Sequence[tuple[str, int]],
        labels: Mapping[str, Any],
    ) -> Image:
        """Record a version under the image's next number: 1, 2, 3 ... without a gap, each given once.

        Args:
            name: the image.
            state: how building ended.
            log: what was said while it was built.
            digest: the bundle's, if there is one.
            models: names and versions in the bundle's order.
            labels: `description`, `tags` and `properties`, where they are wanted.
        """
        created = datetime.now(UTC)
        given = {"description": "", "tags": {}, "properties": {}, **labels}
        with writing(self._engine) as connection:
            version = next_number(connection, image, name, created)
            row = {
                "image": name,
                "version": version,
                "state": state.value,
                "log": log,
                "digest": digest,
                "models": [list(model) for model in models],
                "created": to_text(created),
                **given,
            }
            connection.execute(insert(image_version).values(row))
            return _read(connection, name, version)

    def get(self, name: str, version: int | None = None) -> Image:
        """One version, the newest where none is named; raises `ImageNotFound`."""
        with reading(self._engine) as connection:
            return _read(connection, name, _find(connection, name, version))

    def list(self, name: str | None = None) -> list[Image]:
        """All versions by name and number, or those of one image."""
        column = image_version.c
        statement = select(image_version).order_by(column.image, column.version)
        if name is not None:
            statement = statement.where(column.image == name)
        with reading(self._engine) as connection:
            return [_image(row) for row in connection.execute(statement).mappings()]

    def set_labels(self, name: str, version: int, labels: Mapping[str, Any]) -> Image:
        """Replace `description`, `tags` and `properties`, those that are there; raises `ImageNotFound`."""
        column = image_version.c
        with writing(self._engine) as connection:
            _find(connection, name, version)
            if labels:
                this = update(image_version).where(column.image == name, column.version == version)
                connection.execute(this.values(**labels))
            return _read(connection, name, version)

    def delete(self, name: str, version: int) -> None:
        """Forget one version; its number is not given again. Raises `ImageNotFound`."""
        column = image_version.c
        with writing(self._engine) as connection:
            _find(connection, name, version)
            this = delete(image_version).where(column.image == name, column.version == version)
            connection.execute(this)

    def digests(self) -> frozenset[str]:
        """The digests of all bundles that some image names."""
        statement = select(image_version.c.digest).where(image_version.c.digest.is_not(None))
        with reading(self._engine) as connection:
            return frozenset(digest for digest in connection.scalars(statement) if digest)


def _find(connection: Connection, name: str, version: int | None) -> int:
    column = image_version.c
    newest = select(func.max(column.version)).where(column.image == name)
    if version is not None:
        newest = newest.where(column.version == version)
    found: int | None = connection.scalar(newest)
    if found is None:
        known = connection.scalars(select(column.image).distinct()).all()
        raise ImageNotFound(name, version, get_close_matches(name, set(known) - {name}))
    return found


def _read(connection: Connection, name: str, version: int) -> Image:
    column = image_version.c
    statement = select(image_version).where(column.image == name, column.version == version)
    return _image(connection.execute(statement).mappings().one())


def _image(row: RowMapping) -> Image:
    return Image(
        row["image"],
        row["version"],
        ImageState(row["state"]),
        row["log"],
        row["digest"],
        tuple((name, version) for name, version in row["models"]),
        from_text(row["created"]),
        row["description"],
        row["tags"],
        row["properties"],
    )
