"""What a revision may use and how it runs. JSON forms: `docs/specs/endpoint.md`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one replica: CPU cores and memory in MiB (of a script revision: of each worker); `None` leaves it to the machine."""

    cpu: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How the data plane runs a revision; `None` is decided at load and said in the status.

    Scoring code only: `workers`, `debug`, `session_cache` (one ONNX Runtime session per file, options and providers) and `model_data`, the
    folder under which `ModelDataCollector` writes (`None`: it does not).
    """

    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    intra_op_threads: int | None = None
    concurrency: int | None = None
    runner: str = "auto"
    workers: int | None = None
    debug: bool = False
    session_cache: bool = True
    model_data: str | None = None
