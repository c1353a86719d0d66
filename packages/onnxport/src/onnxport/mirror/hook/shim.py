"""What runs as `wget` and `curl` in a notebook: mirrored URLs come from the mirror, everything else from the program itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from typing import BinaryIO

from .advised import is_download
from .command import Command, Download
from .curl import read_curl
from .lookup import MirrorFailed, advice, open_mirrored
from .urllib_hook import install
from .wget import read_wget

SHIMS = "ONNXPORT_NOTEBOOK_BIN"
"""Names the folder of the shims, which the real programs are not looked for in."""
_READ = {"wget": read_wget, "curl": read_curl}
_FAILED = {"wget": 4, "curl": 6}


def main(program: str, arguments: list[str]) -> int:
    """Download what is mirrored; let the program do the rest. The exit code is the program's."""
    command = _READ[program](arguments)
    try:
        found = [open_mirrored(one.url) for one in command.downloads]
    except MirrorFailed as error:
        return _say(f"{program}: {error}", _FAILED[program])
    if not any(found):
        return _real(program, arguments, command)
    if not all(found) and program == "curl":
        missing = [one.url for one, file in zip(command.downloads, found) if file is None]
        return _say(f"{program}: {advice(missing[0])}", _FAILED[program])
    try:
        for one, file in zip(command.downloads, found):
            if file is not None:
                _keep(one, file[0], command, program)
    except OSError as error:
        return _say(f"{program}: {error}", 23 if program == "curl" else 3)
    rest = [one.url for one, file in zip(command.downloads, found) if file is None]
    return _real(program, [*command.others, *rest], command) if rest else 0


def _keep(one: Download, file: BinaryIO, command: Command, program: str) -> None:
    with file:
        if one.target == "-":
            sys.stdout.flush()
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        path = _free_name(one.target or "", command)
        if path is None:
            print(f"{program}: {one.target} is there already, it stays", file=sys.stderr)
            return
        if command.make_folders:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as output:
            shutil.copyfileobj(file, output)
        if not command.quiet:
            print(f"{program}: {one.url} -> {path}, from onnxport's mirror", file=sys.stderr)


def _free_name(target: str, command: Command) -> str | None:
    """The path to write; `None` where a file that is there stays alone."""
    if not os.path.exists(target):
        return target
    if command.keep:
        return None
    if not command.numbered:
        return target
    number = 1
    while os.path.exists(f"{target}.{number}"):
        number += 1
    return f"{target}.{number}"


def _real(program: str, arguments: list[str], command: Command) -> int:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    own = os.path.realpath(os.environ.get(SHIMS, os.devnull))
    path = os.pathsep.join(one for one in folders if one and os.path.realpath(one) != own)
    found = shutil.which(program, path=path)
    if found is None:
        return _without_program(program, command)
    code = subprocess.call([found, *arguments])
    for one in command.downloads if code else []:
        if is_download(one.url, "GET"):
            _say(f"{program}: {advice(one.url)}", code)
    return code


def _without_program(program: str, command: Command) -> int:
    """Do it ourselves where the program is not installed."""
    if not command.downloads:
        return _say(
            f"{program}: the program is not installed, and there is no URL to download", 127
        )
    install(urllib.request)
    try:
        for one in command.downloads:
            with urllib.request.urlopen(one.url) as answer:
                _keep(one, answer, command, program)
    except OSError as error:
        return _say(f"{program}: {error}", _FAILED[program])
    return 0


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code
