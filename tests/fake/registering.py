"""A program that registers from many processes at once: it loads onnxport once and forks.

python registering.py race WORKSPACE PROCESSES       each registers one version of the same model
python registering.py killed WORKSPACE ROUNDS SEED   one after the other registers without end and is killed at a random moment
python registering.py swept WORKSPACE SECONDS        some register, delete and read back while one collects garbage
python registering.py aliases WORKSPACE PROCESSES    each moves the same alias to its own version
"""

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

# Everything that a registration imports on first use: children start with it instead of importing it each.
import alembic.command
import alembic.config  # noqa: F401
import onnxport.registry.registry
import onnxport.service.model.models
import onnxport.service.tidying  # noqa: F401
import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401
from onnxport import Workspace

SIZE = 3_000_000


def register_new_bytes(root: str, name: str) -> int:
    """Register bytes that nobody else has; the number of the version."""
    source = Path(root).parent / f"source-{os.getpid()}"
    source.write_bytes(os.urandom(1000) + bytes(SIZE))
    return Workspace.open(root).models.register(source, name, framework="test").version


def fork(work: Callable[[], None]) -> int:
    """Run in a child process, whose exit code says whether it worked."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait_for(pids: list[int]) -> int:
    """The number of children that failed."""
    return sum(os.waitpid(pid, 0)[1] != 0 for pid in pids)


def race(root: str, processes: str) -> int:
    return wait_for(
        [fork(lambda: print(register_new_bytes(root, "iris"))) for _ in range(int(processes))]
    )


def killed(root: str, rounds: str, seed: str) -> int:
    moments = random.Random(int(seed))

    def without_end() -> None:
        while True:
            register_new_bytes(root, "iris")

    began = time.monotonic()
    register_new_bytes(root, "iris")
    longest_life_s = 2 * (time.monotonic() - began)  # some live to register, on any machine
    for _ in range(int(rounds)):
        pid = fork(without_end)
        time.sleep(moments.uniform(0, longest_life_s))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return 0


def swept(root: str, seconds: str) -> int:
    end = time.monotonic() + float(seconds)

    def come_and_go(name: str) -> None:
        models = Workspace.open(root).models
        while time.monotonic() < end:
            version = register_new_bytes(root, name)
            target = Path(root).parent / f"{name}-{version}"
            models.download(f"models:/{name}/{version}", target)
            assert models.path(f"models:/{name}/{version}").stat().st_size > SIZE
            if version % 2:
                models.delete(f"models:/{name}/{version}")

    def collect() -> None:
        while time.monotonic() < end:
            Workspace.open(root).gc()

    names = ["a", "b", "c"]
    return wait_for([*(fork(lambda n=name: come_and_go(n)) for name in names), fork(collect)])


def aliases(root: str, processes: str) -> int:
    models = Workspace.open(root).models
    numbers = range(1, int(processes) + 1)
    return wait_for(
        [fork(lambda n=n: models.set_alias(f"models:/iris/{n}", "champion")) for n in numbers]
    )


if __name__ == "__main__":
    sys.exit(
        {"race": race, "killed": killed, "swept": swept, "aliases": aliases}[sys.argv[1]](
            *sys.argv[2:]
        )
    )
