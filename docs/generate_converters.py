"""The page of converters: what each takes, from discovery, and what was measured, from bench/results/converters.json."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnxport.converter.find import all_converters
from onnxport.converter.interface import Converter

MEASURED = Path(__file__).parents[1] / "bench" / "results" / "converters.json"


def converters_page() -> str:
    """Frameworks, file kinds and needs; then every model that was proven, with errors, sizes and times."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    converters = all_converters()
    lines = [
        "# Frameworks",
        "",
        "Generated from the converters and from `bench/results/converters.json` (`make bench-converters`).",
        "Files are recognised by what is in them.",
        "A kind that runs code when opened needs `--trust`.",
        "",
        *_kinds(converters),
        "",
        "## Environments",
        "",
        "Each converter has its own, made once from a lock with hashes. *First* is the time to make it with its packages in uv's cache;",
        "the download comes on top.",
        "",
        *_environments(converters, measured),
        "",
        "## Models proven",
        "",
        "The models of the contract tests, converted with `onnxport convert` in the warm environment: whole command, with the proof.",
        "*By hand* is the framework's own converter called by a script in the same environment, without a proof.",
        "Errors are the largest over all outputs and rows.",
        "",
        *_models(converters, measured),
        "",
    ]
    return "\n".join(lines)


def _kinds(converters: list[Converter]) -> Iterator[str]:
    yield "| framework | `--framework` | kind | usual names | runs code | needs besides |"
    yield "|---|---|---|---|---|---|"
    for converter in converters:
        for kind in converter.kinds:
            suffixes = ", ".join(f"`{suffix}`" for suffix in kind.suffixes) or "a folder"
            code = "yes" if kind.runs_code else "no"
            yield f"| {converter.title} | {converter.name} | {kind.name} | {suffixes} | {code} | {kind.needs or 'nothing'} |"


def _environments(converters: list[Converter], measured: dict[str, Any]) -> Iterator[str]:
    yield "| framework | lock made from | download | on disk | first |"
    yield "|---|---|---|---|---|"
    for converter in converters:
        found = measured.get(converter.name)
        disk = f"{found['environment_mb']} MB" if found else f"{converter.environment.disk_mb} MB"
        first = f"{found['environment_s']:.0f} s" if found else "-"
        pins = ", ".join(found["pins"]) if found else converter.environment.lock.stem
        download = converter.environment.download_mb
        yield f"| {converter.title} | {pins} | {download} MB | {disk} | {first} |"


def _models(converters: list[Converter], measured: dict[str, Any]) -> Iterator[str]:
    yield "| framework | model | kind | rows | worst absolute error | worst relative | label flips | warm | by hand |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for converter in converters:
        for model in measured.get(converter.name, {}).get("models", ()):
            cells = [
                f"{converter.title} {model['version']}",
                model["model"],
                model["kind"],
                model["rows"],
                f"{model['worst_absolute']:.2g}",
                f"{model['worst_relative']:.2g}",
                model["label_flips"],
                f"{model['warm_s']:.1f} s",
                _by_hand(model),
            ]
            yield f"| {' | '.join(map(str, cells))} |"


def _by_hand(model: dict[str, Any]) -> str:
    if model["fails_by_hand"]:
        return "fails"
    return "-" if model["by_hand_s"] is None else f"{model['by_hand_s']:.1f} s"
