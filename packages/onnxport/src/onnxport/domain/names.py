"""Names that people give to models, endpoints and aliases, and the reference `models:/name/3`.

Source of the model name rule: the Azure ML SDK v1 accepts the same characters.
"""

import re
from dataclasses import dataclass

from onnxport.errors import UserError

_MODEL_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}")
_ENDPOINT_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_IMAGE_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_ALIAS = re.compile(r"[a-zA-Z][a-zA-Z0-9._-]{0,63}")
_REFERENCE = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))?")


class InvalidName(UserError):
    """A name with characters or a length that is not allowed."""

    code = "invalid_name"

    def __init__(self, kind: str, name: str, rule: str) -> None:
        super().__init__(f"{name[:80]!r} is not a valid {kind} name", f"Use {rule}.")


class InvalidReference(UserError):
    """Text that starts like `models:/` and does not go on like it."""

    code = "invalid_reference"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:120]!r} is not a model reference",
            "Write models:/NAME (newest version), models:/NAME/VERSION or models:/NAME@ALIAS.",
        )


@dataclass(frozen=True, slots=True)
class ModelReference:
    """`models:/name/3`, `models:/name@alias`, or `models:/name` for the newest version."""

    name: str
    version: int | None = None
    alias: str | None = None

    def __str__(self) -> str:
        """The reference as a person writes it."""
        if self.version is not None:
            return f"models:/{self.name}/{self.version}"
        return f"models:/{self.name}" + (f"@{self.alias}" if self.alias else "")


def is_reference(text: str) -> bool:
    """Whether the text claims to be a model reference."""
    return text.startswith("models:")


def parse_reference(text: str) -> ModelReference:
    """Read a model reference; raises `InvalidReference` or `InvalidName`."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise InvalidReference(text)
    version, alias = found["version"], found["alias"]
    if alias is not None:
        check_alias(alias)
    if version is not None and not 1 <= int(version[:19]) < 2**31:
        raise InvalidReference(text)
    return ModelReference(
        check_model_name(found["name"]), int(version) if version is not None else None, alias
    )


def check_model_name(name: str) -> str:
    """Return the name, or raise `InvalidName`."""
    if _MODEL_NAME.fullmatch(name) is None:
        rule = "1 to 255 letters, digits, '.', '_' or '-', starting with a letter or digit"
        raise InvalidName("model", name, rule)
    return name


def check_endpoint_name(name: str) -> str:
    """Return the name, or raise `InvalidName`."""
    if _ENDPOINT_NAME.fullmatch(name) is None:
        rule = (
            "1 to 63 lower-case letters, digits or '-', starting and ending with a letter or digit"
        )
        raise InvalidName("endpoint", name, rule)
    return name


def check_image_name(name: str) -> str:
    """Return the name, or raise `InvalidName`."""
    if _IMAGE_NAME.fullmatch(name) is None:
        rule = "1 to 63 lower-case letters, digits, '.' or '-', starting and ending with a letter or digit"
        raise InvalidName("image", name, rule)
    return name


def check_alias(name: str) -> str:
    """Return the alias, or raise `InvalidName`."""
    if _ALIAS.fullmatch(name) is None:
        raise InvalidName(
            "alias", name, "1 to 64 letters, digits, '.', '_' or '-', starting with a letter"
        )
    return name
