"""`python -m bench.converters [NAME ...]`: what converting costs, and how exact it is, for every converter on the models of its contract.

Makes each environment anew (packages come from uv's cache where they are there), converts with `onnxport convert` in the warm environment,
and runs the framework's own converter by hand (`by_hand/<name>.py`, where there is one) on the same file in the same environment. Each
program that takes less than four seconds is run twice, the faster run counts. Writes bench/results/converters.json, from which
docs/reference/converters.md is made.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from onnxport.converter.find import converter_names, find_converter
from onnxport.service.conversion.converters import prepare_environment

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "converters.json"
CASES = HERE.parent / "tests" / "contract" / "cases"
PROGRAM = Path(sys.executable).with_name("onnxport")
# What the framework's usual converter needs, where ours does not use it.
HAND_PACKAGES = {
    "xgboost": ["onnxmltools==1.16.0", "packaging"],
    "lightgbm": ["onnxmltools==1.16.0", "packaging"],
}
_LONG_S = 4.0
ALLOWED_FACTOR, ALLOWED_S = 1.3, 2.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.converters", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="converters; all if none is named")
    names = parser.parse_args().names or converter_names()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="onnxport-bench-") as folder:
            results[name] = measured(name, Path(folder))
        known = {name: results[name] for name in converter_names() if name in results}
        RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def measured(name: str, folder: Path) -> dict[str, Any]:
    """All figures of one converter."""
    os.environ["ONNXPORT_CACHE"] = str(folder / "cache")
    began = time.perf_counter()
    python = prepare_environment(name, lambda _: None)
    first_s = time.perf_counter() - began
    size_mb = _size_of(python.parent.parent) / 1e6
    print(f"{name}: environment {size_mb:.0f} MB in {first_s:.1f} s")
    models = folder / "models"
    models.mkdir()
    subprocess.run(
        [python, "-I", CASES / f"{name}.py", models], check=True, stderr=subprocess.DEVNULL
    )
    by_hand = python
    if name in HAND_PACKAGES:
        by_hand = prepare_environment(name, lambda _: None, packages=HAND_PACKAGES[name])
    found = [_model(name, by_hand, source, folder) for source in _sources(models)]
    return {
        "environment_mb": round(size_mb),
        "environment_s": round(first_s, 1),
        "pins": _pins(name),
        "models": found,
    }


def _model(name: str, python: Path, source: Path, folder: Path) -> dict[str, Any]:
    output = folder / f"{source.stem}.onnx"
    command = [PROGRAM, "convert", "--trust", source, "-o", output, "--overwrite", "--json"]
    command += _given(source)
    ours_s, said = _fastest(command)
    report = json.loads(said)
    hand = HERE / "by_hand" / f"{name}.py"
    by_hand_s = (
        _by_hand([python, "-I", hand, source, folder / "by_hand.onnx"]) if hand.exists() else None
    )
    outputs = report["report"]["outputs"]
    figure = {
        "model": source.stem,
        "kind": report["kind"],
        "version": report["report"]["conversion"]["framework_version"],
        "worst_absolute": max(o["max_absolute_error"] for o in outputs),
        "worst_relative": max(o["max_relative_error"] for o in outputs),
        "label_flips": sum(o["label_flips"] for o in outputs),
        "rows": sum(given["rows"] for given in report["report"]["inputs"]),
        "warm_s": round(ours_s, 2),
        "by_hand_s": None if by_hand_s is None else round(by_hand_s, 2),
        "fails_by_hand": hand.exists() and by_hand_s is None,
    }
    print(f"  {figure}{_judged(ours_s, by_hand_s)}")
    return figure


def _by_hand(command: list[Any]) -> float | None:
    """Seconds; `None` where the framework's own converter fails on the model."""
    try:
        return _fastest(command)[0]
    except subprocess.CalledProcessError:
        return None


def _judged(ours_s: float, by_hand_s: float | None) -> str:
    if by_hand_s is None:
        return ""
    allowed = ALLOWED_FACTOR * by_hand_s + ALLOWED_S
    return f" allowed {allowed:.2f} s: {'reached' if ours_s <= allowed else 'MISSED'}"


def _fastest(command: list[Any]) -> tuple[float, str]:
    times: list[float] = []
    said = ""
    while len(times) < (2 if sum(times) < _LONG_S else 1):
        began = time.perf_counter()
        done = subprocess.run(
            [str(part) for part in command],
            check=True,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            text=True,
        )
        times.append(time.perf_counter() - began)
        said = done.stdout
    return min(times), said


def _given(source: Path) -> list[Any]:
    """What a person would say of the model: the options and the sample beside it."""
    sample, beside = source.with_suffix(".sample.npz"), source.with_suffix(".options.json")
    said = json.loads(beside.read_text()) if beside.exists() else {}
    words: list[Any] = ["--sample", sample] if sample.exists() else []
    if code := said.get("code"):
        arguments = code["named"] or code["positional"]
        words += ["--code", f"{code['file']}:{code['name']}", "--code-args", json.dumps(arguments)]
    for option in ("inputs", "outputs"):
        if said.get(option):
            words += [f"--{option}", ",".join(said[option])]
    return words


def _sources(folder: Path) -> list[Path]:
    beside = (".sample.npz", ".options.json")
    return sorted(p for p in folder.iterdir() if p.name != "more" and not p.name.endswith(beside))


def _pins(name: str) -> list[str]:
    text = find_converter(name).environment.lock.with_suffix(".in").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


if __name__ == "__main__":
    main()
