"""Environments of scoring code that are the tests' own: real workers with real packages, and nothing to resolve or to build."""

import sys
from pathlib import Path

from fake.environments import FakeEnvironments

PLACES = (
    "onnxport.service.endpoint.revision_environments",
    "onnxport.service.endpoints",
    "onnxport.service.images",
)


class OwnInterpreter(FakeEnvironments):
    def ensure(self, text, python, options=(), say=lambda _: None, source_name=""):
        self.built.append((python, tuple(options)))
        return Path(sys.prefix)


def use_own_interpreter(monkeypatch) -> None:
    """Let every workspace that is opened from here on take the tests' interpreter for its environments."""
    for place in PLACES:
        monkeypatch.setattr(
            f"{place}.workspace_environments", lambda root: OwnInterpreter(root / "environments")
        )
