"""Deployments whose program is killed while a script's `init()` hangs: nobody has to wait for it."""

import contextlib
import json
import os
import signal
from pathlib import Path

import pytest
from fake.environments import FakeEnvironments
from fake.lifecycle import until
from onnxport.registry.errors import EndpointNotFound
from onnxport.service.endpoints import Endpoints
from onnxport.target.process import ProcessTarget
from onnxport.workspace import Workspace

HANGS = "import time\ndef init(): time.sleep(600)\ndef run(data): return 1\n"


@pytest.mark.parametrize("serves", [False, True], ids=["the first", "an update"])
def test_it_is_undone_by_the_next_command(tmp_path: Path, serves: bool) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    environments = FakeEnvironments(workspace.root / "environments")
    records = workspace._registry.endpoints
    target = ProcessTarget()
    endpoints = Endpoints(workspace.root, workspace.models, records, target, environments)  # type: ignore[arg-type]
    script, needs = tmp_path / "score.py", tmp_path / "requirements.txt"
    needs.write_text("")

    def deploy(source: str) -> None:
        script.write_text(source)
        endpoints.deploy_script(script, env=needs, name="churn")

    directory = workspace.root / "endpoints" / "churn"
    try:
        if serves:
            deploy("def init(): pass\ndef run(data): return 'served'\n")
        killed_while_loading(lambda: deploy(HANGS), directory, 2 if serves else 1)
        if serves:
            endpoints.restart("churn")
            assert b'"served"' == endpoints.predict("churn", needs).body
        else:
            with pytest.raises(EndpointNotFound):
                endpoints.restart("churn")
            assert not directory.exists()
    finally:
        target.stop(directory, 1)


def killed_while_loading(deploy, directory: Path, generation: int) -> None:  # type: ignore[no-untyped-def]
    """Deploy in a process of its own, and kill that once the supervisor is at it."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            deploy()
        os._exit(0)

    def attempted() -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(json.loads((directory / "status.json").read_bytes())["attempted"] == generation)  # fmt: skip
        return False

    until(attempted, "its attempt")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
