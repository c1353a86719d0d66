"""`endpoint.json`, the wanted state of an endpoint. Format: `docs/specs/endpoint.md`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from onnxport_serve.documents.fields import Fields, parse_object, read_bytes

ENDPOINT_NAME = "endpoint.json"
ENDPOINT_FORMAT = "onnxport-endpoint/1"
_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_REVISION_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one replica: CPU cores and memory in MiB; `None` leaves it to the machine."""

    cpu: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a revision runs; `None` is decided at load."""

    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    intra_op_threads: int | None = None
    concurrency: int | None = None
    runner: str = "auto"
    workers: int | None = None
    debug: bool = False
    session_cache: bool = True
    model_data: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One numbered, immutable deployment.

    `bundle` and `environment` (a virtual environment for scoring code) are directories, relative to that of `endpoint.json`.
    """

    number: int
    digest: str
    bundle: str
    resources: Resources = field(default_factory=Resources)
    settings: RunSettings = field(default_factory=RunSettings)
    environment: str | None = None

    def bundle_directory(self, endpoint_directory: Path) -> Path:
        """Where the bundle lies."""
        return endpoint_directory / self.bundle


@dataclass(frozen=True, slots=True)
class Mirror:
    """Copies of this percent of requests go to one revision; its answers are never returned."""

    revision: int
    percent: int


@dataclass(frozen=True, slots=True)
class AcceptedKey:
    """The name of a key (`primary`, `secondary`) and the SHA-256 (hex) of its UTF-8 text."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Whether requests need a key, and which are accepted."""

    required: bool = False
    accepted: tuple[AcceptedKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one endpoint; sizes in bytes, times in seconds. What happens beyond each is in the specification."""

    body_bytes: int = 104_857_600
    in_flight: int = 256
    json_depth: int = 64
    request_timeout_s: float = 60
    queue_timeout_s: float = 5
    connections: int = 4096
    header_bytes: int = 32_768
    header_timeout_s: float = 20
    idle_timeout_s: float = 75


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Host names accepted besides loopback and the bound address; origins that CORS allows."""

    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capture:
    """Sampling of requests and answers for monitoring."""

    percent: float
    directory: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the endpoint listens; port 0 lets the system choose. `fronts` is the number of serving processes."""

    host: str = "127.0.0.1"
    port: int = 0
    unix_socket: str | None = None
    fronts: int = 1


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """Everything that `endpoint.json` states; `weights` is percent by revision number and sums to 100."""

    name: str
    generation: int
    revisions: tuple[Revision, ...]
    weights: Mapping[int, int]
    mirror: Mirror | None = None
    keys: Keys = field(default_factory=Keys)
    limits: Limits = field(default_factory=Limits)
    http: HttpPolicy = field(default_factory=HttpPolicy)
    capture: Capture | None = None
    listen: Listen = field(default_factory=Listen)


def read_endpoint(directory: Path) -> EndpointSpec:
    """Read `endpoint.json` of an endpoint directory; raises `DocumentError`."""
    return parse_endpoint(read_bytes(ENDPOINT_NAME, directory / ENDPOINT_NAME))


def parse_endpoint(content: bytes) -> EndpointSpec:
    """Read the bytes of `endpoint.json`; raises `DocumentError`."""
    fields = parse_object(ENDPOINT_NAME, content, ENDPOINT_FORMAT)
    rule = "1 to 63 lower-case letters, digits or '-', starting and ending with a letter or digit"
    spec = EndpointSpec(
        name=fields.text("name", pattern=_NAME, rule=rule),
        generation=fields.integer("generation"),
        revisions=_ascending(fields, fields.objects("revisions", _revision)),
        weights=_weights(fields),
        mirror=fields.optional_object("mirror", _mirror),
        keys=fields.object("keys", _keys),
        limits=fields.object("limits", _limits),
        http=fields.object("http", _http),
        capture=fields.optional_object("capture", _capture),
        listen=fields.object("listen", _listen),
    )
    fields.done()
    _check_references(fields, spec)
    return spec


def _revision(fields: Fields) -> Revision:
    return Revision(
        number=fields.integer("number"),
        digest=fields.text(
            "digest",
            pattern=r"sha256:[0-9a-f]{64}",
            rule="'sha256:' and 64 lower-case hex digits",
        ),
        bundle=fields.text("bundle"),
        resources=fields.object("resources", _resources),
        settings=fields.object("settings", _settings),
        environment=fields.optional_text("environment"),
    )


def _resources(fields: Fields) -> Resources:
    return Resources(fields.optional_number("cpu"), fields.optional_integer("memory_mb"))


def _settings(fields: Fields) -> RunSettings:
    default = RunSettings()
    providers = fields.texts("providers", list(default.providers))
    if not providers:
        raise fields.error("providers", "is empty; name at least one ONNX Runtime provider")
    return RunSettings(
        providers=providers,
        intra_op_threads=fields.optional_integer("intra_op_threads"),
        concurrency=fields.optional_integer("concurrency"),
        runner=fields.choice("runner", ("auto", "inline", "threads"), default.runner),
        workers=fields.optional_integer("workers"),
        debug=fields.flag("debug", default.debug),
        session_cache=fields.flag("session_cache", default.session_cache),
        model_data=fields.optional_text("model_data"),
    )


def _ascending(fields: Fields, revisions: tuple[Revision, ...]) -> tuple[Revision, ...]:
    if not revisions:
        raise fields.error("revisions", "is empty; at least one revision has to be listed")
    numbers = [revision.number for revision in revisions]
    if numbers != sorted(set(numbers)):
        raise fields.error("revisions", "must be ascending by number, each number once")
    return revisions


def _weights(fields: Fields) -> dict[int, int]:
    percents = fields.mapping("weights")
    read = Fields("endpoint.json", "weights", percents)
    for number in percents:
        if _REVISION_NUMBER.fullmatch(number) is None:
            raise read.error(number[:30], "is not a revision number, an integer from 1")
    weights = {int(number): read.integer(number, least=0, most=100) for number in percents}
    if sum(weights.values()) != 100:
        raise fields.error("weights", f"sum to {sum(weights.values())}; they must sum to 100")
    return weights


def _mirror(fields: Fields) -> Mirror:
    return Mirror(fields.integer("revision"), fields.integer("percent", least=0, most=100))


def _keys(fields: Fields) -> Keys:
    required = fields.flag("required", False)
    accepted = fields.objects("accepted", _key, [])
    names = [key.name for key in accepted]
    if len(set(names)) != len(names):
        raise fields.error("accepted", "names a key twice")
    return Keys(required, accepted)


def _key(fields: Fields) -> AcceptedKey:
    return AcceptedKey(fields.choice("name", ("primary", "secondary")), fields.sha256("sha256"))


def _limits(fields: Fields) -> Limits:
    default = Limits()
    return Limits(
        body_bytes=fields.integer("body_bytes", default.body_bytes),
        in_flight=fields.integer("in_flight", default.in_flight),
        json_depth=fields.integer("json_depth", default.json_depth, most=1000),
        request_timeout_s=fields.number("request_timeout_s", default.request_timeout_s),
        queue_timeout_s=fields.number("queue_timeout_s", default.queue_timeout_s),
        connections=fields.integer("connections", default.connections),
        header_bytes=fields.integer("header_bytes", default.header_bytes),
        header_timeout_s=fields.number("header_timeout_s", default.header_timeout_s),
        idle_timeout_s=fields.number("idle_timeout_s", default.idle_timeout_s),
    )


def _http(fields: Fields) -> HttpPolicy:
    return HttpPolicy(fields.texts("allowed_hosts", []), fields.texts("cors_origins", []))


def _capture(fields: Fields) -> Capture:
    return Capture(
        fields.number("percent", most=100), fields.text("directory"), fields.integer("max_bytes")
    )


def _listen(fields: Fields) -> Listen:
    default = Listen()
    return Listen(
        host=fields.text("host", default.host),
        port=fields.integer("port", default.port, least=0, most=65535),
        unix_socket=fields.optional_text("unix_socket"),
        fronts=fields.integer("fronts", default.fronts, most=256),
    )


def _check_references(fields: Fields, spec: EndpointSpec) -> None:
    listed = {revision.number for revision in spec.revisions}
    for number in spec.weights:
        if number not in listed:
            raise fields.error(f"weights.{number}", "is not one of the listed revisions")
    if spec.mirror is not None and spec.mirror.revision not in listed:
        problem = f"is {spec.mirror.revision}, which is not one of the listed revisions"
        raise fields.error("mirror.revision", problem)
