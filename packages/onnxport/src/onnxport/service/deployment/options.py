"""What a person may say about a deployment, and the wanted state that follows from it. Pure: no input or output."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from onnxport.domain.endpoint import EndpointSpec, HttpPolicy, KeyPolicy, Limits, Listen, Revision
from onnxport.domain.resources import Resources, RunSettings
from onnxport.domain.traffic import InvalidTraffic, Traffic
from onnxport.service.deployment.host_names import allowed_host, web_origin
from onnxport.service.endpoint.errors import InvalidOption, KeysNeeded, OptionUnsuitable
from onnxport.service.endpoint.keys import accepted_keys
from onnxport.service.endpoint.ports import is_loopback
from onnxport.service.labels import given_labels

_Value = TypeVar("_Value", Listen, Resources, RunSettings, Limits)
RUNNERS = ("auto", "inline", "threads")
MODEL_DATA = "../../modeldata"
"""Where `ModelDataCollector` writes, from an endpoint's directory: one folder for the whole workspace."""
_ONNX_ONLY = {"providers": "--provider", "concurrency": "--concurrency", "runner": "--runner"}
_SCRIPT_ONLY = {
    "workers": "--workers",
    "debug": "--debug",
    "session_cache": "--session-cache",
    "collect_data": "--collect-data",
}
_LIMITS = ("body_bytes", "in_flight", "request_timeout_s", "queue_timeout_s")
_OF_REVISIONS = (
    *("traffic", "host", "port", "unix_socket", "fronts", "cpu", "memory_mb", "intra_op_threads"),
    *_ONNX_ONLY,
    *_SCRIPT_ONLY,
)


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """Options of a deployment; `None` keeps what the endpoint has, or takes the default for a new one.

    `traffic` is the new revision's share in percent (`None`: everything; 0: loaded, but none yet). Sizes are in bytes unless
    the name says otherwise, times in seconds. `docs/specs/endpoint.md` says what each setting and limit does.

    `description`, `tags` and `properties` label the endpoint. With `must_be_new` an endpoint that exists already is refused.

    ONNX models only: `providers`, `concurrency`, `runner`. Scoring code only: `workers`, `debug`, `session_cache`, `collect_data`; its
    `memory_mb` is a limit of each worker.
    """

    traffic: int | None = None
    host: str | None = None
    port: int | None = None
    unix_socket: str | None = None
    fronts: int | None = None
    require_keys: bool | None = None
    allowed_hosts: tuple[str, ...] | None = None
    cors_origins: tuple[str, ...] | None = None
    cpu: float | None = None
    memory_mb: int | None = None
    providers: tuple[str, ...] | None = None
    intra_op_threads: int | None = None
    concurrency: int | None = None
    runner: str | None = None
    workers: int | None = None
    debug: bool | None = None
    session_cache: bool | None = None
    collect_data: bool | None = None
    body_bytes: int | None = None
    in_flight: int | None = None
    request_timeout_s: float | None = None
    queue_timeout_s: float | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    properties: Mapping[str, str] | None = None
    must_be_new: bool = False

    def check(self) -> None:
        """Raise `InvalidOption` for a value that cannot be."""
        if self.traffic is not None and not 0 <= self.traffic <= 100:
            raise InvalidOption("the traffic of a revision", "a whole percent between 0 and 100")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise InvalidOption("a port", "between 1 and 65535")
        if self.runner is not None and self.runner not in RUNNERS:
            raise InvalidOption("the runner", "one of " + ", ".join(RUNNERS))
        for timeout_s in (self.request_timeout_s, self.queue_timeout_s):
            if timeout_s is not None and not 0 < timeout_s < float("inf"):
                raise InvalidOption("the timeout", "a finite number of seconds above zero")
        positive = "cpu memory_mb intra_op_threads concurrency workers fronts body_bytes in_flight"
        for name in positive.split():
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InvalidOption(name, "a finite number above zero")
        self.http(HttpPolicy())
        self.labels()

    def check_onnx(self) -> None:
        """Raise `OptionUnsuitable` for an option that only scoring code has."""
        self._refuse(_SCRIPT_ONLY, "scoring code (--script)", "an ONNX model")

    def check_script(self) -> None:
        """Raise `OptionUnsuitable` for an option that only ONNX models have."""
        self._refuse(_ONNX_ONLY, "ONNX models", "scoring code, which makes its own sessions")

    def listen(self, before: Listen) -> Listen:
        """Where the endpoint will listen; port 0 where one has to be chosen."""
        port = 0 if self.host is not None and self.host != before.host else before.port
        return self._given(replace(before, port=port), "host", "port", "unix_socket", "fronts")

    def resources(self, before: Resources) -> Resources:
        """What the new revision may use."""
        return self._given(before, "cpu", "memory_mb")

    def settings(self, before: RunSettings) -> RunSettings:
        """How the new revision runs."""
        names = (*_ONNX_ONLY, "intra_op_threads", "workers", "debug", "session_cache")
        after = self._given(before, *names)
        if self.collect_data is None:
            return after
        return replace(after, model_data=MODEL_DATA if self.collect_data else None)

    def limits(self, before: Limits) -> Limits:
        """The endpoint's limits."""
        return self._given(before, *_LIMITS)

    def labels(self) -> dict[str, Any]:
        """The endpoint's labels that are given; raises `InvalidLabel` for one that cannot be kept."""
        return given_labels(self.description, self.tags, self.properties)

    @property
    def needs_revision(self) -> bool:
        """Whether anything is given that only a new revision, or another address, brings into force."""
        return any(getattr(self, name) is not None for name in _OF_REVISIONS)

    def http(self, before: HttpPolicy) -> HttpPolicy:
        """Hosts and origins that the endpoint accepts; raises `InvalidOption` for what is not one."""
        if self.allowed_hosts is not None:
            hosts = tuple(map(allowed_host, self.allowed_hosts))
            before = replace(before, allowed_hosts=hosts)
        if self.cors_origins is not None:
            before = replace(before, cors_origins=tuple(map(web_origin, self.cors_origins)))
        return before

    def _refuse(self, options: Mapping[str, str], only: str, given: str) -> None:
        for name, option in options.items():
            if getattr(self, name) is not None:
                raise OptionUnsuitable(option, only, given)

    def _given(self, before: _Value, *names: str) -> _Value:
        given: dict[str, Any] = {
            name: getattr(self, name) for name in names if getattr(self, name) is not None
        }
        return replace(before, **given)


def key_policy(
    options: DeployOptions, before: KeyPolicy | None, host: str, keys: Mapping[str, str]
) -> KeyPolicy:
    """Whether requests need a key: as asked, else as before, else where others can reach the endpoint.

    Raises:
        KeysNeeded: the endpoint listens beyond loopback and no keys are wanted.
    """
    required = options.require_keys
    if not is_loopback(host):
        if required is False:
            raise KeysNeeded(host)
        required = True
    if required is None:
        required = before is not None and before.required
    return KeyPolicy(required, accepted_keys(keys))


def with_new_revision(
    before: EndpointSpec | None, revision: Revision, percent: int | None
) -> tuple[tuple[Revision, ...], Traffic]:
    """The revisions to load and their traffic once `revision` is added with its share.

    Raises:
        InvalidTraffic: the first revision of an endpoint is to get less than everything.
    """
    if percent is None or percent == 100:
        return (revision,), Traffic.all_to(revision.number)
    if before is None:
        raise InvalidTraffic("the first revision of an endpoint gets all of its traffic")
    shares = share_rest(before.traffic, 100 - percent)
    kept = tuple(old for old in before.revisions if old.number in shares)
    return (*kept, revision), Traffic.of({**shares, revision.number: percent})


def share_rest(traffic: Traffic, rest: int) -> dict[int, int]:
    """Scale the shares of the revisions that have any to whole percents that sum to `rest` (largest remainder first)."""
    serving = {number: percent for number, percent in traffic.percents if percent > 0}
    shares = {number: percent * rest // 100 for number, percent in serving.items()}
    by_remainder = sorted(serving, key=lambda number: (-(serving[number] * rest % 100), number))
    for number in by_remainder[: rest - sum(shares.values())]:
        shares[number] += 1
    return shares
