"""The command line of `wget` (its manual, chapter 2 "Invoking")."""

from __future__ import annotations

import os
import urllib.parse

from .command import Command, Download, split_arguments, with_scheme

_WITH_VALUE = {
    *"OPotTwQUaBADIRXel",
    *("user-agent", "header", "user", "password", "limit-rate", "progress", "referer", "dns-timeout"),
    *("connect-timeout", "read-timeout", "waitretry", "load-cookies", "save-cookies", "post-data", "method"),
    *("ca-certificate", "i"),
}  # fmt: skip
_LONG = {
    "output-document": "O",
    "directory-prefix": "P",
    "quiet": "q",
    "no-clobber": "nc",
    "output-file": "o",
    "tries": "t",
    "timeout": "T",
    "wait": "w",
    "input-file": "i",
    "execute": "e",
}


def read_wget(arguments: list[str]) -> Command:
    """What `wget ARGUMENTS` asks for."""
    # `-nc`, `-nv` and their like are one option of two letters.
    spelled = [
        f"--{word[1:]}" if word[:2] == "-n" and len(word) == 3 else word for word in arguments
    ]
    words = split_arguments(spelled, _WITH_VALUE, _LONG)
    options = dict(words.options)
    flags = {name for name, _ in words.options}
    folder = options.get("P", "")
    downloads = []
    for url in words.rest:
        name = options.get("O") or os.path.join(folder, _name_of(url))
        downloads.append(Download(with_scheme(url), name))
    others = [word for name, given in words.given if name not in words.rest for word in given]
    others = [
        f"-{word[2:]}" if word.startswith("--n") and len(word) == 4 else word for word in others
    ]
    quiet = bool({"q", "nv", "no-verbose"} & flags)
    numbered = "O" not in flags
    return Command(downloads, others, quiet, "nc" in flags, numbered, make_folders=bool(folder))


def _name_of(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    name = urllib.parse.unquote(parts.path.rpartition("/")[2]) or "index.html"
    name = f"{name}?{parts.query}" if parts.query else name
    return name.replace("/", "_")
