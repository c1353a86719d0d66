"""The command line of `curl` (its manual page)."""

from __future__ import annotations

import os
import urllib.parse

from .command import Command, Download, split_arguments, with_scheme

_WITH_VALUE = {
    *"oHAbcdeFmuxXTrCwEKUyYzQ",
    *("retry", "retry-delay", "retry-max-time", "connect-timeout", "limit-rate", "cacert", "output-dir", "data"),
    *("data-binary", "data-raw", "data-urlencode", "url", "proto", "resolve", "max-redirs", "ciphers", "json"),
}  # fmt: skip
_LONG = {
    "output": "o",
    "remote-name": "O",
    "silent": "s",
    "header": "H",
    "user-agent": "A",
    "request": "X",
    "max-time": "m",
    "user": "u",
    "head": "I",
    "data-ascii": "d",
    "form": "F",
    "write-out": "w",
    "continue-at": "C",
}
_SENDING = {"d", "data", "data-binary", "data-raw", "data-urlencode", "F", "T", "json", "I"}


def read_curl(arguments: list[str]) -> Command:
    """What `curl ARGUMENTS` asks for; one that sends something asks for no download."""
    words = split_arguments(arguments, _WITH_VALUE, _LONG)
    flags = [name for name, _ in words.options]
    options = dict(words.options)
    urls = [*(value for name, value in words.options if name == "url"), *words.rest]
    if _SENDING & set(flags) or options.get("X", "GET") != "GET":
        urls = []
    folder = options.get("output-dir", "")
    # The first of -o and -O belongs to the first URL, and so on.
    targets = [
        (name, value) for name, value in words.options if name in {"o", "O", "remote-name-all"}
    ]
    downloads = []
    for place, url in enumerate(urls):
        kind, value = targets[place] if place < len(targets) else ("", "-")
        if kind == "O" or "remote-name-all" in flags:
            value = urllib.parse.urlsplit(url).path.rpartition("/")[2]
        target = value if value == "-" else os.path.join(folder, value)
        downloads.append(Download(with_scheme(url), target))
    make_folders = "create-dirs" in flags
    return Command(downloads, [], "s" in flags, False, False, make_folders)
