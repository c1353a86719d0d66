"""Change the code in small ways and see whether a test notices: `python -m mutation [codec|traffic|registry ...] [--most N]`.

Works on a copy under `build/mutants`, never on the checkout. Prints the mutants that no test noticed; exit 1 when there are any.
What is mutated and which tests have to notice is in `targets.toml`.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "mutants"
TARGETS = tomllib.loads((Path(__file__).parent / "targets.toml").read_text(encoding="utf-8"))


def main() -> int:
    """Mutate each target; 1 when a mutant survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=sorted(TARGETS), choices=[*TARGETS, []])
    parser.add_argument(
        "--most", type=int, default=0, help="a random sample of so many mutants per target"
    )
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    survivors = 0
    for name in arguments.targets:
        survivors += run_target(name, arguments.most, arguments.seed)
    return 1 if survivors else 0


def run_target(name: str, most: int, seed: int) -> int:
    """Mutate one target; the number of survivors."""
    copy = BUILD / name
    copy_checkout(copy)
    write_configuration(copy, TARGETS[name])
    cosmic_ray(copy, "init", "mutation.conf", "mutation.sqlite", "--force")
    total = sample(copy / "mutation.sqlite", most, seed)
    print(f"{name}: {total} mutants", flush=True)
    cosmic_ray(copy, "exec", "mutation.conf", "mutation.sqlite")
    left = report(copy)
    print(f"{name}: {total - len(left)} of {total} noticed", flush=True)
    for mutant in left:
        print(mutant)
    return len(left)


def copy_checkout(copy: Path) -> None:
    """The tracked files, fresh."""
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)


def write_configuration(copy: Path, target: dict[str, list[str]]) -> None:
    """Cosmic Ray's configuration for one target."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        *target["tests"],
    ]
    lines = [
        "[cosmic-ray]",
        f"module-path = {json.dumps(target['modules'])}",
        "timeout = 60.0",
        "excluded-modules = []",
        f"test-command = {json.dumps(' '.join(command))}",
        "[cosmic-ray.distributor]",
        'name = "local"',
    ]
    (copy / "mutation.conf").write_text("\n".join(lines), encoding="utf-8")


def cosmic_ray(copy: Path, *arguments: str) -> None:
    """Run Cosmic Ray on the copy, whose packages come before the installed ones."""
    sources = [str(path) for path in sorted(copy.glob("packages/*/src"))]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sources),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = str(Path(sys.executable).with_name("cosmic-ray"))
    subprocess.run([program, *arguments], cwd=copy, env=environment, check=True)


def sample(session: Path, most: int, seed: int) -> int:
    """Keep a random sample of the planned mutants; how many there are."""
    with sqlite3.connect(session) as database:
        jobs = [row[0] for row in database.execute("SELECT job_id FROM work_items ORDER BY job_id")]
        if 0 < most < len(jobs):
            kept = set(random.Random(seed).sample(jobs, most))
            dropped = [(job,) for job in jobs if job not in kept]
            database.executemany("DELETE FROM mutation_specs WHERE job_id = ?", dropped)
            database.executemany("DELETE FROM work_items WHERE job_id = ?", dropped)
            return most
    return len(jobs)


def report(copy: Path) -> list[str]:
    """A line and the change for each mutant that no test noticed."""
    query = (
        "SELECT module_path, start_pos_row, operator_name, diff FROM mutation_specs JOIN work_results USING (job_id)"
        " WHERE test_outcome = 'SURVIVED' ORDER BY module_path, start_pos_row"
    )
    with sqlite3.connect(copy / "mutation.sqlite") as database:
        rows = database.execute(query).fetchall()
    return [f"\n{path}:{row} {operator}\n{_changes(diff)}" for path, row, operator, diff in rows]


def _changes(diff: str) -> str:
    lines = [
        line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    return "\n".join(f"  {line}" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
