"""One `init()` and one `run()` in the user's terminal: for debugging, with the debugger's own input and output."""

from __future__ import annotations

import argparse
import json
import os
import sys

from .config import Config
from .inputs import Incoming
from .layout import lay_out, variables
from .output import Output
from .prepare import prepare
from .script import Script, ScriptProblem


def run_once(arguments: list[str]) -> int:
    """Run the script of a bundle as an endpoint would; the exit code: 0, or 1 where the script fails."""
    parser = argparse.ArgumentParser(prog="program.py")
    parser.add_argument("--foreground", action="store_true", required=True)
    parser.add_argument("--bundle", required=True)
    parser.add_argument("--app-root", required=True)
    parser.add_argument("--input", default=None)
    given = parser.parse_args(arguments)
    bundle, app_root = os.path.abspath(given.bundle), os.path.abspath(given.app_root)
    body = _read(given.input)
    with open(os.path.join(bundle, "bundle.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    os.makedirs(app_root, exist_ok=True)
    script, source = lay_out(manifest, bundle, app_root)
    os.environ.update(variables(manifest, app_root))
    os.chdir(app_root)
    cores = os.cpu_count() or 1
    models = os.path.join(bundle, "models")
    prepare(Config(0, 0, 0, 0, 0, app_root, script, source, models, cores, True, None, True))
    return _ask(Script(script, False, Output(_show)), body)


def _read(name: str | None) -> bytes | None:
    if name is None:
        return None
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


def _ask(script: Script, body: bytes | None) -> int:
    try:
        script.load()
        description = script.describe()
    except ScriptProblem as problem:
        if problem.trace:
            print(problem.trace, file=sys.stderr)
        print("error: " + problem.message, file=sys.stderr)
        return 1
    if body is None:
        print("init() returned; there is no input to run()", file=sys.stderr)
        return 0
    headers = [("content-type", "application/json")] if description["input"] == "object" else []
    result = script.answer(Incoming(body, headers=headers))
    if result.status >= 400:
        if not result.run_failed:
            print(
                f"error: answered {result.status} {result.body.decode('utf-8', 'replace')}",
                file=sys.stderr,
            )
        return 1
    sys.stdout.flush()
    sys.stdout.buffer.write(result.body + (b"" if result.body.endswith(b"\n") else b"\n"))
    sys.stdout.buffer.flush()
    return 0


def _show(level: str, event: str, text: str) -> None:
    del level
    print(f"{event}:\n{text}", file=sys.stderr)
