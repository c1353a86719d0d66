"""The results as a Markdown table, with the machine and the versions they were measured on."""

import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("onnxruntime", "numpy", "orjson", "uvloop", "httptools", "fastapi", "uvicorn")


@dataclass
class Report:
    """Rows of what was measured, and whether each goal was reached."""

    generator: str
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    _load: tuple[float, float, float] = field(default_factory=os.getloadavg)

    def add(self, what: str, measured: str, compared: str = "", goal: bool | None = None) -> None:
        """Add a row and print it; `goal` says whether the goal in `compared` was reached."""
        mark = {None: "", True: "reached", False: "missed"}[goal]
        self.rows.append((what, measured, compared, mark))
        print(f"{what:<52} {measured:<34} {compared:<44} {mark}", flush=True)

    def write(self, file: Path) -> None:
        """Replace the file with the table."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.render(), encoding="utf-8")

    def render(self) -> str:
        """The table and where it comes from."""
        packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
        lines = [
            "# Measured speed",
            "",
            self._machine() + f", {packages}.",
            "",
            "R0 is a bare `session.run` loop, R1 decodes (orjson), runs and encodes in process: both per CPU second of one core.",
            "A share by CPU time divides by the CPU seconds of the server's processes: other work on the machine disturbs it least.",
            "A goal counts as reached when either share reaches it.",
            "Endpoints run with keys, limits, metrics and request ids on, one serving process, batch 1. Ratios hold better than absolutes.",
            "",
            "| what | measured | compared | goal |",
            "|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in self.rows),
            "",
        ]
        return "\n".join(lines)

    def _machine(self) -> str:
        return (
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
            f"{os.cpu_count()} cores shared with the load generator ({self.generator}), "
            f"load average at the start {self._load[0]:.1f}, Python {platform.python_version()}"
        )
