"""The layout keeps its promises: names, sizes, documents that name real files."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(ROOT.glob("packages/*/src/**/*.py"))
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def test_there_are_sources_to_check() -> None:
    assert len(SOURCES) > 50


def test_no_module_has_a_vague_name() -> None:
    vague = [
        path
        for path in SOURCES
        if path.stem.strip("_") in VAGUE_NAMES or path.parent.name in VAGUE_NAMES
    ]

    assert [] == vague


def test_no_source_file_grows_beyond_one_idea() -> None:
    long = {str(path.relative_to(ROOT)): count for path in SOURCES if (count := _lines(path)) > 400}

    assert {} == long


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "internals").glob("*.md")), ids=lambda page: page.stem
)
def test_internals_pages_name_files_that_exist(page: Path) -> None:
    roots = [
        ROOT,
        ROOT / "packages/onnxport/src/onnxport",
        ROOT / "packages/onnxport-serve/src/onnxport_serve",
    ]
    named = set(
        re.findall(
            r"\b([a-z_/-]+(?:\.py|/))(?=[\s`,)]|$)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    missing = [name for name in named if not any((root / name).exists() for root in roots)]

    assert [] == missing


def test_relative_links_in_top_level_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in sorted(ROOT.glob("*.md"))
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (ROOT / target).exists()
    ]

    assert [] == broken


def test_tracked_files_are_small() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("not a git checkout")
    large = [
        name
        for name in tracked.stdout.split("\0")
        if name and (ROOT / name).is_file() and (ROOT / name).stat().st_size > 1_048_576
    ]

    assert [] == large


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
