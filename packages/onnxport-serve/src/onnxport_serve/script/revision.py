"""One revision with scoring code, loaded: its directory laid out, its workers started, its sample answered."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from onnxport_serve.contract.values import Contract
from onnxport_serve.documents import BundleManifest, EndpointSpec, Limits, Revision
from onnxport_serve.documents.fields import read_bytes
from onnxport_serve.errors import LoadError
from onnxport_serve.log import Log
from onnxport_serve.machine import Machine
from onnxport_serve.route import Handler
from onnxport_serve.script import routes
from onnxport_serve.script.app_root import AppRoot
from onnxport_serve.script.contract import script_contract
from onnxport_serve.script.launch import Launch
from onnxport_serve.script.meta import meta_of
from onnxport_serve.script.own_swagger import read_own_swagger
from onnxport_serve.script.pool import Pool
from onnxport_serve.worker.config import Config
from onnxport_serve.worker.layout import lay_out, variables

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State

_MOST_WORKERS = 8
_JSON = "application/json"


@dataclass
class ScriptRevision:
    """A revision whose workers are ready.

    `description` is what the script said about itself: `input` (`text`, `object` or `raw`), `wants_headers`, `input_schema`,
    `output_schema`, `versions`.
    """

    kind: ClassVar[str] = "script"
    score_methods: ClassVar[tuple[bytes, ...]] = (b"GET", b"POST")
    number: int
    digest: str
    label: str
    models: tuple[str, ...]
    pool: Pool
    app_root: AppRoot
    description: dict[str, Any]
    wants_meta: bool
    own_swagger: dict[str, bytes] = field(default_factory=dict)
    example: Any = None
    example_answer: Any = None
    decisions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether a worker is there."""
        return self.pool.is_ready

    def score_handler(self, app: App) -> Handler:
        """`/score`: the script decides what a body may be."""
        return routes.score_handler(app, self)

    def infer_handler(self, app: App) -> Handler:  # noqa: ARG002 - the interface
        """Refuses: a script has no tensors."""
        return routes.refuse_tensors

    def metadata(self) -> dict[str, Any]:
        """Its models."""
        return routes.metadata(self)

    def contract(self, state: State) -> Contract:
        """From what the script says about itself."""
        return script_contract(state, self)

    def use_limits(self, limits: Limits) -> None:
        """Use other time limits from now on."""
        self.pool.request_timeout_s = limits.request_timeout_s
        self.pool.queue_timeout_s = limits.queue_timeout_s

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a loop hear the workers."""
        self.pool.attach(loop)

    def close(self) -> None:
        """End the workers and remove their directory."""
        self.pool.close()
        self.app_root.remove()


def load_script_revision(
    revision: Revision,
    manifest: BundleManifest,
    bundle: Path,
    directory: Path,
    *,
    spec: EndpointSpec,
    machine: Machine,
    log: Log,
) -> ScriptRevision:
    """Start the workers of a bundle that has been verified, and have one answer the sample if there is one.

    Raises:
        LoadError: the environment is missing, `init()` fails, or the sample is refused.
    """
    interpreter = _interpreter(revision, directory)
    try:
        app_root = AppRoot.make(directory, revision.number)
    except OSError as error:
        raise LoadError(
            "no_app_root",
            f"the directory that the script runs in cannot be made ({error.strerror})",
            "Free some space on the disk of the workspace, or on that for temporary files.",
        ) from error
    try:
        loader = _Loader(revision, manifest, bundle, directory, spec, machine, log, app_root)
        return loader.load(interpreter)
    except BaseException:
        app_root.remove()
        raise


def _interpreter(revision: Revision, directory: Path) -> Path:
    if revision.environment is None:
        raise LoadError(
            "environment_missing",
            f"revision {revision.number} has scoring code and no environment to run it in",
            "Deploy it again with --env.",
        )
    # Not resolved: a virtual environment is told by the path that its interpreter is started with.
    interpreter = (directory / revision.environment / "bin" / "python").absolute()
    if not interpreter.exists():
        raise LoadError(
            "environment_missing",
            f"the environment of revision {revision.number} is not there",
            "Deploy it again, or start the endpoint with `onnxport up`: the environment is built anew from its lock.",
        )
    return interpreter


class _Loader:
    """Decides, starts, asks."""

    def __init__(
        self,
        revision: Revision,
        manifest: BundleManifest,
        bundle: Path,
        directory: Path,
        spec: EndpointSpec,
        machine: Machine,
        log: Log,
        app_root: AppRoot,
    ) -> None:
        self._revision = revision
        self._manifest = manifest
        self._bundle = bundle
        self._directory = directory
        self._spec = spec
        self._log = log
        self._app_root = app_root
        self._decisions = [f"machine: {machine.reason}"]
        cores = _usable_cores(revision, machine)
        wanted = revision.settings.workers
        self._workers = wanted or min(cores, _MOST_WORKERS)
        self._threads = max(1, cores // self._workers)
        how = "set" if wanted else f"one per core, at most {_MOST_WORKERS}"
        self._decisions += [
            f"workers: {self._workers} ({how})",
            f"threads of one run, where the script does not say: {self._threads}",
        ]

    def load(self, interpreter: Path) -> ScriptRevision:
        limit = self._revision.resources.memory_mb
        number = self._revision.number
        pool = Pool(self._launch(interpreter), self._workers, limit, self._log, number)
        pool.request_timeout_s = self._spec.limits.request_timeout_s
        pool.queue_timeout_s = self._spec.limits.queue_timeout_s
        try:
            pool.load()
            loaded = self._loaded(pool)
            self._ask_sample(loaded)
        except BaseException:
            pool.close()
            raise
        return loaded

    def _launch(self, interpreter: Path) -> Launch:
        # The form that the layout reads is the document's own.
        manifest = json.loads(read_bytes("bundle.json", self._bundle / "bundle.json"))
        root = str(self._app_root.path)
        script, source = lay_out(manifest, str(self._bundle), root)
        settings = self._revision.settings
        config = Config(
            parent=0,
            queue=0,
            stream=0,
            board=0,
            slot=0,
            app_root=root,
            script=script,
            source=source,
            models=str(self._bundle / "models"),
            threads=self._threads,
            session_cache=settings.session_cache,
            memory_mb=self._revision.resources.memory_mb,
            debug=settings.debug,
        )
        return Launch(
            interpreter,
            config,
            self._variables(manifest, root),
            self._threads,
            lambda: lay_out(manifest, str(self._bundle), root),
        )

    def _variables(self, manifest: dict[str, Any], root: str) -> dict[str, str]:
        limits, settings = self._spec.limits, self._revision.settings
        found = {
            "SERVICE_NAME": self._spec.name,
            "WORKSPACE_NAME": "onnxport",
            "SERVICE_VERSION": str(self._revision.number),
            "SCORING_TIMEOUT_MS": str(round(limits.request_timeout_s * 1000)),
            "WORKER_COUNT": str(self._workers),
            "AML_MODEL_DC_STORAGE_ENABLED": "true" if settings.model_data else "false",
            "AML_APP_INSIGHTS_ENABLED": "false",
        }
        if settings.model_data is not None:
            folder = self._directory / settings.model_data / "onnxport" / "local" / "onnxport"
            found["ONNXPORT_MODEL_DATA"] = str((folder / self._spec.name).absolute())
        return found | variables(manifest, root)

    def _loaded(self, pool: Pool) -> ScriptRevision:
        description = pool.description
        settings = self._revision.settings
        wants_meta = (
            description["input"] != "text"
            or description["wants_headers"]
            or settings.model_data is not None
        )
        models = tuple(f"{model.name}:{model.version}" for model in self._manifest.models)
        code = self._manifest.code
        return ScriptRevision(
            number=self._revision.number,
            digest=self._revision.digest,
            label=self._manifest.models[0].name if models else str(code and code.entry_script),
            models=models,
            pool=pool,
            app_root=self._app_root,
            description=description,
            wants_meta=wants_meta,
            own_swagger=read_own_swagger(self._app_root.path),
            example=description["input_schema"].get("example"),
            example_answer=description["output_schema"].get("example"),
            decisions=[f"revision {self._revision.number}: {line}" for line in self._decisions],
        )

    def _ask_sample(self, loaded: ScriptRevision) -> None:
        sample = self._manifest.sample
        if sample is None:
            return
        body = (self._bundle / sample.path).read_bytes()
        meta = b""
        if loaded.wants_meta:
            meta = meta_of(b"POST", b"/score", {b"content-type": sample.content_type.encode()}, "")
        outcome = loaded.pool.ask(body, meta)
        if outcome.status >= 400:
            raise LoadError(
                "sample_refused",
                f"the script answered the given sample with {outcome.status}: "
                + outcome.body[:300].decode("utf-8", "replace"),
                "Give a sample that the script takes, or mend the script; the log lines have its traceback.",
            )
        if sample.content_type.startswith(_JSON):
            loaded.example = _json_or_none(body)
            loaded.example_answer = _json_or_none(outcome.body)


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _usable_cores(revision: Revision, machine: Machine) -> int:
    wanted = revision.resources.cpu
    return machine.threads if wanted is None else max(1, min(machine.threads, int(wanted)))
