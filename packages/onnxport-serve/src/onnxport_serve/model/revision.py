"""One revision, loaded: its session, threads and runner decided, its golden request answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from onnxport_serve.codec import ModelCodec, compile_codec
from onnxport_serve.contract.values import Contract
from onnxport_serve.documents import BundleManifest, BundleModel, Limits, Revision, RunSettings
from onnxport_serve.errors import LoadError
from onnxport_serve.machine import Machine
from onnxport_serve.model import routes
from onnxport_serve.model.golden import Golden, ask_generated, ask_sample, measure
from onnxport_serve.model.open_ended import open_ended
from onnxport_serve.model.operators import find_operator
from onnxport_serve.model.runner import (
    INLINE_BUDGET_S,
    LARGE_ANSWER,
    Execution,
    ExecutionOfValues,
    Runner,
)
from onnxport_serve.model.session import check_signature, open_session
from onnxport_serve.route import Handler
from onnxport_serve.signature import Signature

if TYPE_CHECKING:
    from onnxport_serve.app import App
    from onnxport_serve.state import State

_LONG_RUN_S = 0.005
# Found by giving all node tests of ONNX inputs with an axis of size 0.
_NEED_VALUES = ("LSTM", "GRU", "RNN", "Einsum", "ConvTranspose", "STFT", "Unique")
_LARGE_FILE = 200 * 1024 * 1024
_INLINE_GROWTH = 4
_LARGE_GOLDEN_ANSWER = LARGE_ANSWER // _INLINE_GROWTH


@dataclass
class LoadedRevision:
    """A revision that answers; `codec` changes with the limit on JSON depth, the rest stays as loaded."""

    kind: ClassVar[str] = "onnx"
    score_methods: ClassVar[tuple[bytes, ...]] = (b"POST",)
    endpoint_name: str
    number: int
    digest: str
    signature: Signature
    model: BundleModel
    codec: ModelCodec
    runner: Runner
    json_depth: int
    example: Any = None
    example_answer: Any = None
    proof: dict[str, Any] | None = None
    decisions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The name of its model."""
        return self.model.name

    @property
    def is_ready(self) -> bool:
        """Always: what is loaded answers."""
        return True

    def score_handler(self, app: App) -> Handler:
        """`/score` with the friendly JSON forms."""
        return routes.score_handler(app, self)

    def infer_handler(self, app: App) -> Handler:
        """The Open Inference Protocol."""
        return routes.infer_handler(app, self)

    def metadata(self) -> dict[str, Any]:
        """Its tensors."""
        return routes.metadata(self)

    def contract(self, state: State) -> Contract:
        """From its signature."""
        return routes.contract(state, self)

    def use_limits(self, limits: Limits) -> None:
        """Compile the codec for another depth of JSON where it is another."""
        if limits.json_depth != self.json_depth:
            self.json_depth = limits.json_depth
            self.codec = _compile(self.signature, self.endpoint_name, limits.json_depth)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing: jobs bring the loop with them."""

    def close(self) -> None:
        """Nothing: sessions end with the process."""


def load_revision(
    revision: Revision,
    manifest: BundleManifest,
    bundle: Path,
    *,
    endpoint_name: str,
    limits: Limits,
    machine: Machine,
) -> LoadedRevision:
    """Load the model of a bundle that has been verified, and have it answer its golden request.

    Raises:
        LoadError: the model cannot be loaded or refuses a given sample.
    """
    if manifest.kind != "onnx" or manifest.signature is None or manifest.models[0].file is None:
        raise LoadError(
            "kind_not_served",
            f"this version serves no bundles of kind '{manifest.kind}'",
            "Deploy an ONNX model, or update onnxport.",
        )
    signature = Signature.from_json(manifest.signature)
    codec = _compile(signature, endpoint_name, limits.json_depth)
    loader = _Loader(revision, manifest, bundle, signature, codec, machine)
    return loader.load(endpoint_name, limits.json_depth)


def _compile(signature: Signature, name: str, json_depth: int) -> ModelCodec:
    return compile_codec(signature, name=name, json_depth=json_depth)


class _Loader:
    """Opens the session, measures, decides."""

    def __init__(
        self,
        revision: Revision,
        manifest: BundleManifest,
        bundle: Path,
        signature: Signature,
        codec: ModelCodec,
        machine: Machine,
    ) -> None:
        self._revision = revision
        self._settings = revision.settings
        self._manifest = manifest
        self._model = manifest.models[0]
        self._bundle = bundle
        self._file = bundle / self._model.path / str(self._model.file)
        self._signature = signature
        self._codec = codec
        self._cores = _usable_cores(revision, machine)
        self._decisions = [f"machine: {machine.reason}"]

    def load(self, endpoint_name: str, json_depth: int) -> LoadedRevision:
        threads = self._first_threads()
        execution = self._open(threads)
        golden = self._ask(execution)
        if self._wants_more_threads(golden, threads):
            execution, threads, golden = self._try_more_threads(golden, threads)
        runner = self._make_runner(execution, threads, golden)
        return LoadedRevision(
            endpoint_name=endpoint_name,
            number=self._revision.number,
            digest=self._revision.digest,
            signature=self._signature,
            model=self._model,
            codec=self._codec,
            runner=runner,
            json_depth=json_depth,
            example=golden.example,
            example_answer=golden.example_answer,
            proof=self._read_proof(),
            decisions=[f"revision {self._revision.number}: {line}" for line in self._decisions],
            warnings=(
                [f"revision {self._revision.number}: {golden.warning}"] if golden.warning else []
            ),
        )

    def _first_threads(self) -> int:
        if self._settings.intra_op_threads is not None:
            return self._settings.intra_op_threads
        # Loading a large model twice to find out what its size already says is not worth it.
        return self._cores if self._file.stat().st_size > _LARGE_FILE else 1

    def _open(self, threads: int) -> Execution:
        session = open_session(self._file, self._settings.providers, threads)
        check_signature(session, self._signature)
        kind = Execution if find_operator(self._file, _NEED_VALUES) is None else ExecutionOfValues
        return kind(session, [value.name for value in self._signature.outputs])

    def _ask(self, execution: Execution) -> Golden:
        sample = self._manifest.sample
        if sample is None:
            return ask_generated(self._codec, execution, self._signature)
        return ask_sample(self._codec, execution, sample, self._bundle)

    def _wants_more_threads(self, golden: Golden, threads: int) -> bool:
        return (
            self._settings.intra_op_threads is None
            and threads < self._cores
            and golden.seconds is not None
            and golden.seconds > _LONG_RUN_S
        )

    def _try_more_threads(self, golden: Golden, threads: int) -> tuple[Execution, int, Golden]:
        """Load once more with all cores; a long run is worth the second load."""
        execution = self._open(self._cores)
        seconds = measure(execution, golden.call)
        self._decisions.append(
            f"golden run: {_ms(golden.seconds)} with {threads} thread, {_ms(seconds)} with {self._cores}"
        )
        return execution, self._cores, replace(golden, seconds=seconds)

    def _make_runner(self, execution: Execution, threads: int, golden: Golden) -> Runner:
        settings = self._settings
        slots = settings.concurrency or max(1, self._cores // threads)
        inline_size, adapts, reason = self._inline(golden)
        kind = "on threads" if inline_size == -1 else "on the event loop"
        self._decisions += [
            f"golden run: {_ms(golden.seconds)}",
            f"intra-op threads: {threads}"
            + (" (set)" if settings.intra_op_threads is not None else ""),
            f"runs {kind}: {reason}; {slots} at a time on threads",
        ]
        return Runner(execution, inline_size=inline_size, slots=slots, adapts=adapts)

    def _inline(self, golden: Golden) -> tuple[int | None, bool, str]:
        """Up to which size of input runs happen on the loop (`-1`: none, `None`: any), whether that moves, and why."""
        chosen: RunSettings = self._settings
        if chosen.runner == "inline":
            return None, False, "set"
        if chosen.runner == "threads":
            return -1, False, "set"
        if golden.seconds is not None and golden.seconds > INLINE_BUDGET_S:
            return -1, False, f"a run takes more than {_ms(INLINE_BUDGET_S)}"
        if golden.answer_bytes > _LARGE_GOLDEN_ANSWER:
            return -1, False, f"an answer has {golden.answer_bytes} bytes"
        if (reason := open_ended(self._file, self._signature)) is not None:
            return -1, False, reason
        if golden.seconds is None:
            return -1, True, "no golden run tells how long one takes, the first ones will"
        size = _INLINE_GROWTH * max(1, golden.call.size)
        return size, True, f"a run is short, up to {size} input elements and as observed from there"

    def _read_proof(self) -> dict[str, Any] | None:
        if self._model.proof is None:
            return None
        proof: dict[str, Any] = orjson.loads((self._bundle / self._model.proof).read_bytes())
        return proof


def _usable_cores(revision: Revision, machine: Machine) -> int:
    wanted = revision.resources.cpu
    return machine.threads if wanted is None else max(1, min(machine.threads, int(wanted)))


def _ms(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds * 1000:.3g} ms"
