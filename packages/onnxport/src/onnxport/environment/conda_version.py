"""Match specifications of conda (`conda-forge::numpy=1.19.5=py38_0`) in the words of PEP 440 (`numpy`, `==1.19.5.*`).

Grammar: the chapter "Package match specifications" of conda-build's documentation.
"""

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

_NAME = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(.*)\Z", re.DOTALL)
_BRACKET = re.compile(r"\[([^\[\]]*)\]\s*\Z")
_FIELD = re.compile(r"""\s*(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,'"]*))\s*(?:,|\Z)""")
_CLAUSE = re.compile(r"(==|!=|>=|<=|~=|=|>|<|)(.*)\Z", re.DOTALL)


class NotExpressible(ValueError):
    """A match specification that PEP 440 has no words for; its text says why."""


@dataclass(frozen=True, slots=True)
class CondaMatch:
    """A package's name as conda has it, in lower case, and what follows it: the versions that are allowed, in conda's words."""

    name: str
    version: str

    @property
    def specifier(self) -> str:
        """The versions as a PEP 440 specifier, without a build string; raises `NotExpressible`."""
        return _specifier(self.version)


def parse_match(text: str) -> CondaMatch:
    """Read a match specification, the channel left out; raises `NotExpressible` where it has no name."""
    text = text.rpartition("::")[2].strip()
    in_bracket, text = _split_bracket(text)
    match = _NAME.match(text)
    if match is None:
        raise NotExpressible("it does not begin with a name")
    version = in_bracket if in_bracket is not None else match[2].strip()
    return CondaMatch(match[1].lower(), version)


def _split_bracket(text: str) -> tuple[str | None, str]:
    bracket = _BRACKET.search(text)
    if bracket is None:
        return None, text
    fields = {m[1]: m[2] or m[3] or m[4] or "" for m in _FIELD.finditer(bracket[1])}
    if not fields:
        raise NotExpressible("what stands in [ ] is not of the form key=value")
    return fields.get("version"), text[: bracket.start()]


def _specifier(version: str) -> str:
    version = re.sub(r"\s*([,|])\s*", r"\1", version)
    version = re.sub(r"([<>=!~])\s+", r"\1", version)
    first, *others = version.split() or [""]
    clauses = [first, *(word for word in others if word[0] in "<>=!~")]
    written = [_clause(clause) for text in clauses for clause in text.split(",")]
    return ",".join(clause for clause in dict.fromkeys(written) if clause)


def _clause(text: str) -> str:
    if "|" in text:
        raise NotExpressible("a choice with | has no equal in PEP 440; name one range")
    match = _CLAUSE.match(text)
    assert match is not None
    operator, version = match[1], match[2]
    if operator in {"", "=", "=="}:
        version = version.partition("=")[0]  # a build string
    if version in {"", "*"}:
        if operator in {"", "=", "==", ">="}:
            return ""
        raise NotExpressible(f"{text!r} is no range of versions")
    return _written(operator, version)


def _written(operator: str, version: str) -> str:
    starred = version.endswith("*")
    plain = version.removesuffix("*").removesuffix(".").replace("_", ".")
    try:
        parsed = Version(plain)
    except InvalidVersion:
        raise NotExpressible(f"{version[:40]!r} is no version in PEP 440's sense") from None
    if operator in {"", "=", "==", "!="}:
        wide = (starred or operator == "=") and not (parsed.is_prerelease or parsed.local)
        return f"{'!=' if operator == '!=' else '=='}{plain}{'.*' if wide else ''}"
    if operator == "~=" and len(parsed.release) < 2:
        operator = ">="
    if parsed.local:
        plain = parsed.public
    return f"{operator}{plain}"
