"""How commands print: results to standard output, progress and questions to standard error."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from onnxport.domain.printable_text import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live


def print_json(document: Any) -> None:
    """Print a JSON document: an object indented, a list with one compact element per line."""
    if not isinstance(document, list):
        print(json.dumps(document, indent=2, allow_nan=False))
        return
    encode = json.JSONEncoder(allow_nan=False).encode
    print("[" + ",\n ".join(encode(element) for element in document) + "]")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns under upper-case headers; characters that would move the cursor are escaped."""
    table = [tuple(header.upper() for header in headers), *map(_texts, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    # One format call per line: ten thousand lines are a common list.
    line = "  ".join(f"{{:<{width}}}" for width in widths).format
    print("\n".join([line(*row).rstrip() for row in table]))


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print aligned `name  value` lines; fields without a value (`None`, empty) are left out."""
    shown = [
        (name, printable(value)) for name, value in fields if value is not None and value != ""
    ]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        print(f"{name.ljust(width)}  {value}")


def _texts(row: Sequence[object]) -> tuple[str, ...]:
    cells = tuple(["-" if cell is None else str(cell) for cell in row])
    return cells if "".join(cells).isprintable() else tuple(map(printable, cells))


def format_size(size: int) -> str:
    """A size in bytes for people: `512 B`, `1.5 MB` (powers of 1000)."""
    if size < 1000:
        return f"{size} B"
    amount = size / 1000
    for unit in ("kB", "MB", "GB"):
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def confirm(question: str, *, yes: bool) -> bool:
    """Whether to go ahead: asked on a terminal, taken as yes with `--yes` and where nobody can answer."""
    if yes or not sys.stdin.isatty():
        return True
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


class Steps:
    """A list of steps with their times: live on a terminal, one plain line per finished step elsewhere.

    with Steps() as steps:
        with steps.step("register") as step:
            step.detail = "models:/iris/3"

    Everything goes to standard error. A step that raises is shown as failed and the error goes on.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Live | None = None
        self._done: list[Step] = []
        self._current: Step | None = None

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            self._live = _start_live(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        """Time one step; its `detail` may be set and changed while it runs."""
        step = self.start(title)
        try:
            yield step
        except BaseException:
            self.finish(failed=True)
            raise
        self.finish()

    def notice(self, text: str) -> None:
        """Say something at once, above the steps on a terminal, without ending the one that runs."""
        if not self._quiet:
            print(printable(text), file=sys.stderr, flush=True)

    def start(self, title: str, detail: str = "") -> "Step":
        """Begin a step, for callers that are called back instead of calling; `finish` ends it."""
        self._current = Step(title, detail)
        return self._current

    def finish(self, detail: str | None = None, *, failed: bool = False) -> None:
        """End the step that `start` began."""
        step, self._current = self._current, None
        if step is None:
            raise RuntimeError("no step was started")
        step.end(failed=failed, detail=detail)
        self._done.append(step)
        if not self._quiet and self._live is None:
            print(step.line(), file=sys.stderr, flush=True)

    def __rich__(self) -> "RenderableType":
        """What the live display shows: finished steps, then the running one."""
        from rich.console import Group
        from rich.text import Text

        steps = [*self._done, self._current] if self._current else self._done
        return Group(*(Text(step.line(), style=step.style, no_wrap=True) for step in steps))


class Step:
    """One step: its title, what there is to say about it, how long it took."""

    def __init__(self, title: str, detail: str = "") -> None:
        self.title = title
        self.detail = detail
        self._began = time.monotonic()
        self._took_s: float | None = None
        self._failed = False

    @property
    def style(self) -> str:
        """The colour on a terminal."""
        return "red" if self._failed else "" if self._took_s is not None else "cyan"

    def end(self, *, failed: bool, detail: str | None) -> None:
        """Stop the clock."""
        self._took_s = time.monotonic() - self._began
        self._failed = failed
        self.detail = self.detail if detail is None else detail

    def line(self) -> str:
        """One line: mark, title, seconds, detail."""
        running = self._took_s is None
        mark = "…" if running else "✗" if self._failed else "✓"
        took_s = time.monotonic() - self._began if self._took_s is None else self._took_s
        return printable(f"{mark} {self.title:<14} {took_s:6.2f} s  {self.detail}".rstrip())


def _start_live(steps: Steps) -> "Live":
    from rich.console import Console
    from rich.live import Live

    live = Live(steps, console=Console(stderr=True), refresh_per_second=8)
    live.start()
    return live
