"""What a command line of `wget` or `curl` asks for, as far as a mirrored file is concerned."""

from __future__ import annotations

from typing import NamedTuple


class Download(NamedTuple):
    """A URL and where its bytes go: a path, `-` for standard output, `None` for nowhere."""

    url: str
    target: str | None


class Command(NamedTuple):
    """A command line, read.

    Attributes:
        downloads: the URLs in their order.
        others: all arguments but the URLs and their own targets, to be passed on.
        quiet: whether it should say nothing.
        keep: whether a file that is there stays.
        numbered: whether a file that is there stays and the new one gets a number.
        make_folders: whether folders of a target are made.
    """

    downloads: list[Download]
    others: list[str]
    quiet: bool
    keep: bool
    numbered: bool
    make_folders: bool


def with_scheme(url: str) -> str:
    """The URL that both programs take a name without a scheme for."""
    return url if "://" in url else f"http://{url}"


class Words(NamedTuple):
    """The arguments of a program: options with their values, and the rest.

    Attributes:
        options: name and value (empty where it takes none), in their order.
        rest: what is no option.
        given: for every option and every one of the rest the arguments as they were written.
    """

    options: list[tuple[str, str]]
    rest: list[str]
    given: list[tuple[str, list[str]]]


def split_arguments(
    arguments: list[str], with_value: set[str], long_names: dict[str, str]
) -> Words:
    """Take arguments apart as `getopt` does: `-qO file`, `-Ofile`, `--output file`, `--output=file`, `--`.

    Args:
        arguments: those of the program.
        with_value: the options that take a value, by their one letter or long name.
        long_names: the one letter that stands for a long name.
    """
    words = Words([], [], [])
    waiting = list(arguments)
    only_rest = False
    while waiting:
        word = waiting.pop(0)
        if only_rest or not word.startswith("-") or word == "-":
            words.rest.append(word)
            words.given.append((word, [word]))
        elif word == "--":
            only_rest = True
        elif word.startswith("--"):
            _take_long(word, waiting, words, with_value, long_names)
        else:
            _take_short(word, waiting, words, with_value)
    return words


def _take_long(
    word: str, waiting: list[str], words: Words, with_value: set[str], long_names: dict[str, str]
) -> None:
    name, equals, value = word[2:].partition("=")
    name = long_names.get(name, name)
    given = [word]
    if name in with_value and not equals and waiting:
        value = waiting.pop(0)
        given.append(value)
    words.options.append((name, value))
    words.given.append((f"-{name}", given))


def _take_short(word: str, waiting: list[str], words: Words, with_value: set[str]) -> None:
    for place, letter in enumerate(word[1:], start=2):
        if letter not in with_value:
            words.options.append((letter, ""))
            words.given.append((f"-{letter}", [f"-{letter}"]))
            continue
        value = word[place:]
        if value or not waiting:
            given = [f"-{letter}{value}"]
        else:
            value = waiting.pop(0)
            given = [f"-{letter}", value]
        words.options.append((letter, value))
        words.given.append((f"-{letter}", given))
        return
