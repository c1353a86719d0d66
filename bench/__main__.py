"""`python -m bench [--quick] [--only NAME]`: measures, prints, writes bench/results/latest.md."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.endpoint import KEY, Served, serve_fastapi, serve_ours, write_endpoint
from bench.load import Load, generator_name, run_load
from bench.models import Case, make_cases
from bench.process import Others, cpu_seconds, memory_mb, time_command
from bench.registry import measure_registry
from bench.report import Report
from bench.scripts import measure_scripts

HERE = Path(__file__).parent
NAMES = ["iris", "mnist", "resnet50"]
OTHERS = ["process", "registry", "scripts"]
PORT = 18765
# The busy number of connections, the goal as a share of R1, the settings, and whether FastAPI must be beaten 15 times.
PLAN: dict[str, tuple[int, float, dict[str, Any]]] = {
    "iris": (64, 0.33, {}),
    "mnist": (64, 0.8, {}),
    "resnet50": (8, 0.95, {"intra_op_threads": 1, "concurrency": 1}),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter windows, one round")
    parser.add_argument("--only", choices=[*NAMES, *OTHERS], action="append")
    chosen = parser.parse_args()
    only = chosen.only or [*NAMES, *OTHERS]
    rounds, seconds = (1, 2.0) if chosen.quick else (3, 4.0)
    report = Report(generator_name())
    with tempfile.TemporaryDirectory() as folder:
        for case in make_cases(HERE / ".models", [name for name in NAMES if name in only]):
            measure_case(report, case, Path(folder), rounds, seconds)
        if "process" in only:
            measure_process(report, Path(folder))
        if "registry" in only:
            measure_registry(report, Path(folder))
        if "scripts" in only:
            measure_scripts(report, HERE / ".models", Path(folder), seconds)
    if not chosen.only:
        report.write(HERE / "results" / "latest.md")


def measure_case(report: Report, case: Case, folder: Path, rounds: int, seconds: float) -> None:
    """Rounds of reference, ours, FastAPI; the median of the ratios within a round counts."""
    connections, goal, settings = PLAN[case.name]
    body = json.dumps({"data": case.sample().tolist()}).encode()
    body_file = folder / "body.json"
    body_file.write_bytes(body)
    write_endpoint(folder / case.name, case, settings)
    windows: dict[str, list[Load]] = {"ours": [], "fastapi": [], "alone": []}
    references: list[dict[str, float]] = []
    with serve_ours(folder / case.name) as ours, serve_fastapi(case, PORT) as theirs:
        check_answers(ours, theirs, body)
        for served in (ours, theirs):
            run_load(served.url, body, served.headers, 8, 1)
        with Others([ours.pid, theirs.pid]) as others:
            for _ in range(rounds):
                references.append(measure_reference(case, body_file, seconds / 2))
                for name, served in (("ours", ours), ("fastapi", theirs)):
                    windows[name].append(load_server(served, body, connections, seconds))
                windows["alone"].append(run_load(ours.url, body, ours.headers, 1, seconds / 2))
    show_case(report, case, references, windows, goal)
    report.add(f"{case.name}: other work on the machine meanwhile", f"{others.cores:.2f} cores")


def load_server(served: Served, body: bytes, connections: int, seconds: float) -> Load:
    """A window of requests, with the server's CPU time."""
    before = cpu_seconds(served.pid)
    load = run_load(served.url, body, served.headers, connections, seconds)
    spent = max(1e-9, cpu_seconds(served.pid) - before)
    return replace(load, per_cpu_second=load.per_second * load.seconds / spent)


def show_case(
    report: Report,
    case: Case,
    references: list[dict[str, float]],
    windows: dict[str, list[Load]],
    goal: float,
) -> None:
    """The rows of one model."""
    name, connections = case.name, PLAN[case.name][0]
    r0, r1 = (statistics.median(found[key] for found in references) for key in ("r0", "r1"))
    ours, theirs, alone = (
        min(windows[key], key=lambda load: abs(load.per_second - _median(windows[key])))
        for key in ("ours", "fastapi", "alone")
    )
    pairs = list(zip(windows["ours"], references, strict=True))
    share = statistics.median(load.per_second / found["r1"] for load, found in pairs)
    cpu_share = statistics.median(load.per_cpu_second / found["r1"] for load, found in pairs)
    times = statistics.median(
        mine.per_second / other.per_second
        for mine, other in zip(windows["ours"], windows["fastapi"], strict=True)
    )
    least = 15.0 if name == "iris" else 1.0
    extra = alone.p50 - 1e3 / r1
    report.add(f"{name}: R0, R1", f"{r0:,.0f}/s, {r1:,.0f}/s")
    report.add(
        f"{name}: onnxport, JSON, {connections} connections",
        f"{ours.per_second:,.0f}/s, p50 {ours.p50:.2f} ms, p99 {ours.p99:.2f} ms",
        f"{share:.2f} of R1 by the clock, {cpu_share:.2f} by CPU time (goal {goal})",
        max(share, cpu_share) >= goal,
    )
    report.add(
        f"{name}: FastAPI + uvicorn, {connections} connections",
        f"{theirs.per_second:,.0f}/s, p50 {theirs.p50:.2f} ms, p99 {theirs.p99:.2f} ms",
        f"onnxport is {times:.1f} times as fast (goal {least:g})",
        times >= least,
    )
    report.add(
        f"{name}: onnxport, 1 connection",
        f"p50 {alone.p50:.3f} ms",
        f"{extra:.3f} ms above in-process" + (" (goal 0.2)" if name == "iris" else ""),
        extra <= 0.2 if name == "iris" else None,
    )
    bad = sum(load.bad for loads in windows.values() for load in loads)
    if bad:
        report.add(f"{name}: failed requests", str(bad), "(goal 0)", goal=False)


def measure_process(report: Report, folder: Path) -> None:
    """Start-up and memory of the endpoint with the iris model, and the command's help."""
    (case,) = make_cases(HERE / ".models", ["iris"])
    write_endpoint(folder / "start", case, {})
    starts, memory = [], 0.0
    for _ in range(6):
        with serve_ours(folder / "start") as served:
            starts.append(served.seconds_to_ready)
            body = json.dumps({"data": case.sample().tolist()}).encode()
            run_load(served.url, body, {"Authorization": f"Bearer {KEY}"}, 64, 1)
            memory = memory_mb(served.pid)
    start = statistics.median(starts[1:])
    code = f"import onnxruntime as o; o.InferenceSession({str(case.file)!r}, providers=['CPUExecutionProvider'])"
    bare = time_command([sys.executable, "-c", code])
    report.add(
        "iris: process start to first 200",
        f"{start:.2f} s",
        f"{start / bare:.2f} x import + session, {bare:.2f} s (goal 1.5, and 0.6 s)",
        start <= 0.6 and start <= 1.5 * bare,
    )
    report.add(
        "iris: memory after load (PSS, supervisor included)",
        f"{memory:.0f} MB",
        "(goal 80 MB)",
        memory < 80,
    )
    help_ = time_command([str(Path(sys.executable).parent / "onnxport"), "--help"])
    report.add("onnxport --help", f"{help_:.3f} s", "(goal 0.2 s)", help_ < 0.2)


def measure_reference(case: Case, body: Path, seconds: float) -> dict[str, float]:
    """R0 and R1 in a process of their own."""
    command = [sys.executable, "-m", "bench.reference", str(case.file), str(body), str(seconds)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def check_answers(ours: Served, theirs: Served, body: bytes) -> None:
    """Both servers must give the same numbers before anything is timed."""
    from math import isclose

    mine, other = (_numbers(_ask(served, body)) for served in (ours, theirs))
    same = len(mine) == len(other) and all(
        isclose(a, b, rel_tol=1e-4, abs_tol=1e-6) for a, b in zip(mine, other, strict=True)
    )
    if not same:
        raise SystemExit("the servers do not give the same numbers")


def _ask(served: Served, body: bytes) -> Any:
    from urllib.request import Request, urlopen

    headers = {"Content-Type": "application/json", **served.headers}
    with urlopen(Request(served.url, body, headers)) as answer:
        document = json.loads(answer.read())
    return document.get("result", document)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [value]


def _median(loads: list[Load]) -> float:
    return statistics.median(load.per_second for load in loads)


if __name__ == "__main__":
    main()
