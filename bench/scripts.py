"""Scoring scripts: onnxport beside Azure ML's own inference server, the same script, environment and number of workers, in one run."""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from bench import script_endpoint
from bench.endpoint import Served, fresh_environment
from bench.load import Load, run_load
from bench.models import Case, make_cases
from bench.process import cpu_seconds
from bench.report import Report
from bench.script_endpoint import serve_script, serve_vendor

# By pattern: what the script does, and by model how many times the vendor's rate has to be reached.
PATTERNS = {
    "session in init()": (script_endpoint.SESSION_IN_INIT, {"iris": 5.0, "resnet50": 1.0}),
    "session in run()": (script_endpoint.SESSION_IN_RUN, {"iris": 7.0, "resnet50": 2.0}),
}
CONNECTIONS = {"iris": 64, "resnet50": 8}
WORKERS = 2
_ENVIRONMENT = "dependencies:\n- python=3.11\n- pip:\n  - numpy\n  - onnxruntime\n"
PROGRAM = str(Path(sys.executable).parent / "onnxport")


def measure_scripts(report: Report, models: Path, folder: Path, seconds: float) -> None:
    """All rows about scripts."""
    environment = script_endpoint.make_environment(models)
    cases = make_cases(models, list(CONNECTIONS))
    for case in cases:
        measure_case(report, case, environment, folder, seconds)
    measure_hop(report, cases[0], environment, folder, seconds)
    measure_deploying(report, cases[0], folder)


def measure_case(
    report: Report, case: Case, environment: Path, folder: Path, seconds: float
) -> None:
    """Both patterns of one model on both servers, taking turns."""
    body = json.dumps({"data": case.sample().tolist()}).encode()
    connections = CONNECTIONS[case.name]
    loads: dict[tuple[str, str], list[Load]] = {}
    with contextlib.ExitStack() as stack:
        servers = {}
        for number, (pattern, (source, _)) in enumerate(PATTERNS.items()):
            for who, serve in (("ours", serve_script), ("theirs", serve_vendor)):
                place = folder / f"{case.name}-{who}-{number}"
                server = serve(place, source, case, environment, WORKERS)
                servers[pattern, who] = stack.enter_context(server)
        for served in servers.values():
            run_load(served.url, body, {}, connections, 1)
        for _ in range(3):
            for key, served in servers.items():
                loads.setdefault(key, []).append(_load(served, body, connections, seconds))
    for pattern, (_, goals) in PATTERNS.items():
        mine, others = loads[pattern, "ours"], loads[pattern, "theirs"]
        _show(
            report, f"script, {case.name}, {pattern}", mine, others, connections, goals[case.name]
        )
    in_init, in_run = (loads[pattern, "ours"] for pattern in PATTERNS)
    more = statistics.median(
        a.per_cpu_second / b.per_cpu_second for a, b in zip(in_init, in_run, strict=True)
    )
    report.add(
        f"script, {case.name}: CPU per request, session in run()",
        f"{more:.2f} of session in init()",
        "(goal 1.15)",
        more <= 1.15,
    )


def _show(
    report: Report, what: str, mine: list[Load], others: list[Load], connections: int, goal: float
) -> None:
    ours, theirs = (statistics.median(one.per_second for one in loads) for loads in (mine, others))
    times = statistics.median(
        a.per_second / b.per_second for a, b in zip(mine, others, strict=True)
    )
    bad, their_bad = (sum(one.bad for one in loads) for loads in (mine, others))
    report.add(
        f"{what}, {connections} connections, {WORKERS} workers",
        f"{ours:,.1f}/s" + (f" ({bad} failed)" if bad else ""),
        f"{times:.1f} x Azure ML's server, {theirs:,.1f}/s"
        + (f" ({their_bad} failed)" if their_bad else "")
        + f" (goal {goal:g})",
        times >= goal and not bad,
    )


def _load(served: Served, body: bytes, connections: int, seconds: float) -> Load:
    before = cpu_seconds(served.pid)
    load = run_load(served.url, body, served.headers, connections, seconds)
    spent = max(1e-9, cpu_seconds(served.pid) - before)
    return replace(load, per_cpu_second=load.per_second * load.seconds / spent)


def measure_hop(
    report: Report, case: Case, environment: Path, folder: Path, seconds: float
) -> None:
    """What the way to a worker and back adds at one connection, beside an answer of the front itself."""
    arguments = (script_endpoint.NOTHING, case, environment, 1)
    with serve_script(folder / "ours", *arguments) as served:
        alive = served.url.removesuffix("score")
        hops = []
        for _ in range(3):
            through = run_load(served.url, b"{}", {}, 1, seconds / 2)
            front = run_load(alive, b"", {}, 1, seconds / 2, method="GET")
            hops.append(through.p50 - front.p50)
    hop = statistics.median(hops)
    report.add(
        "script: to a worker and back, 1 connection",
        f"{hop:.3f} ms",
        f"above GET /, p50 {front.p50:.3f} ms (goal 0.15)",
        hop < 0.15,
    )


def measure_deploying(report: Report, case: Case, folder: Path) -> None:
    """From the command to a ready endpoint: with a cached environment, and with a new one whose wheels uv has."""
    project = folder / "project"
    project.mkdir()
    (project / "score.py").write_text(script_endpoint.SESSION_IN_INIT)
    (project / "myenv.yml").write_text(f"name: bench\n{_ENVIRONMENT}")
    times = {"warm the cache of uv": 0.0, "new": 0.0, "cached": 0.0}
    for what in times:
        workspace = folder / "workspace"
        if what != "cached":
            shutil.rmtree(workspace, ignore_errors=True)
        begun = time.perf_counter()
        _run(
            workspace,
            "deploy",
            "--script",
            "score.py",
            "--env",
            "myenv.yml",
            "--name",
            "bench",
            "--model",
            str(case.file),
            folder=project,
        )
        times[what] = time.perf_counter() - begun
        _run(workspace, "endpoint", "delete", "bench", "--yes", folder=project)
    report.add(
        "script: deploy to ready, cached environment",
        f"{times['cached']:.2f} s",
        "(goal 2.5 s)",
        times["cached"] < 2.5,
    )
    report.add(
        "script: deploy to ready, new environment (numpy, onnxruntime)",
        f"{times['new']:.2f} s",
        "wheels in uv's cache (goal 15 s)",
        times["new"] < 15,
    )


def _run(workspace: Path, *arguments: str, folder: Path) -> None:
    environment = {**fresh_environment(), "ONNXPORT_WORKSPACE": str(workspace)}
    environment = {
        name: value
        for name, value in environment.items()
        if name in os.environ or name.startswith("ONNXPORT")
    }
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"onnxport {arguments[0]} failed: {done.stderr[-2000:]}")
