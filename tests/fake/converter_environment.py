"""The environments of converters, for tests that run frameworks; made once and kept in the user's cache."""

import os
import subprocess
from pathlib import Path

import pytest
from onnxport.converter.isolation.errors import EnvironmentFailed
from onnxport.service.conversion.converters import prepare_environment


def python_of(converter: str) -> Path:
    """The interpreter of a converter's environment; skips where there is no package index (never in CI)."""
    try:
        return prepare_environment(converter, print)
    except EnvironmentFailed as error:
        if "could not be reached" in error.message and "CI" not in os.environ:
            pytest.skip(error.message)
        raise


def run_script(converter: str, script: Path, *arguments: object) -> None:
    """Run a script in a converter's environment."""
    command = [python_of(converter), "-I", script, *arguments]
    subprocess.run([str(part) for part in command], check=True, timeout=300)
