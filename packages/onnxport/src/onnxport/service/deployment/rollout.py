"""The second half of every deployment, whatever is in the bundle: start, golden request, traffic.

`start` loads the new revision beside the running one; where that fails, the wanted state is as it was before and the running revision was
never touched.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus

from onnxport.bundle.interface import Bundle
from onnxport.domain.endpoint import EndpointSpec, HttpPolicy, KeyPolicy, Limits, Listen, Revision
from onnxport.domain.model import ModelVersion
from onnxport.domain.resources import Resources, RunSettings
from onnxport.domain.status import EndpointStatus
from onnxport.domain.traffic import Traffic
from onnxport.errors import OnnxportError
from onnxport.registry.errors import EndpointExists, EndpointNotFound
from onnxport.service.deployment.options import DeployOptions, key_policy, with_new_revision
from onnxport.service.deployment.result import Deployment
from onnxport.service.endpoint.directory import EndpointDirectory
from onnxport.service.endpoint.example_request import ExampleRequest, example_request
from onnxport.service.endpoint.keys import new_keys
from onnxport.service.endpoint.revision_content import RevisionContent
from onnxport.service.endpoint.revision_environments import RevisionEnvironments, Say
from onnxport.service.endpoint.score_request import ScoreAnswer, send_score
from onnxport.service.endpoint.store import EndpointStore
from onnxport.service.endpoint.view import EndpointView
from onnxport.service.progress import Progress

_ANSWER_MARGIN_S = 10.0
_ORIGINS = {
    "user": "your sample",
    "proof": "a request from the proof",
    "generated": "made from the signature",
}
_NEXT = 2**31
"""Stands for the number of the new revision where none is allocated yet: newer than any."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """Puts bundles behind endpoints of one workspace."""

    store: EndpointStore
    environments: RevisionEnvironments

    def check(self, name: str, options: DeployOptions) -> None:
        """Raise what the options alone make impossible, before anything is registered."""
        _outline(name, self.store.directory(name).spec_if_any(), options)

    def plan(self, name: str, options: DeployOptions) -> list[str]:
        """What `run` would do, as sentences."""
        before = self.store.directory(name).spec_if_any()
        listen, policy, traffic = _outline(name, before, options)
        shares = ", ".join(
            f"{'the new revision' if number == _NEXT else f'revision {number}'} {share} %"
            for number, share in traffic.percents
        )
        how = "load beside what runs, then swap" if before else "a new endpoint"
        port = listen.port or "the first free one"
        return [
            plan_line("start", f"{how}: '{name}' on {listen.host}, port {port}"),
            plan_line("keys", "required" if policy.required else "not required"),
            plan_line("traffic", shares),
        ]

    def run(
        self, name: str, content: RevisionContent, options: DeployOptions, progress: Progress
    ) -> Deployment:
        """Make the content the next revision of an endpoint, and try it out."""
        with progress.step("start") as step:

            def waiting() -> None:
                progress.notice(f"waiting: another command is changing endpoint '{name}'")

            with self.store.changing(name, waiting) as endpoint:
                before = self._ready_to_keep(endpoint, options, progress.notice)
                wanted = self._next_state(endpoint, before, content, options)
                revision = wanted.revisions[-1].number
                step.detail = f"revision {revision} on {wanted.listen.host}:{wanted.listen.port}"
                status = self._start(endpoint, wanted, revision)
                self.store.records.set_labels(name, options.labels())
        with progress.step("golden request") as step:
            view = self.store.view(name)
            example, answer = self._try_out(endpoint, view, content.bundle)
            step.detail = _answer_detail(content.bundle, example, answer)
        with progress.step("traffic") as step:
            step.detail = ", ".join(f"revision {n}: {share} %" for n, share in view.traffic.items())
        good = example if answer is not None and answer.status == HTTPStatus.OK else None
        warnings = status.warnings if status else ()
        return Deployment(view, revision, content.models, False, good, warnings)

    def _ready_to_keep(
        self, endpoint: EndpointDirectory, options: DeployOptions, say: Say
    ) -> EndpointSpec | None:
        """The present wanted state, with the environments of the revisions that stay loaded."""
        before = endpoint.spec_if_any()
        if before is None:
            return None
        _, traffic = with_new_revision(before, Revision(_NEXT, "", ""), options.traffic)
        return self.environments.ensure_all(endpoint, before, say, only=traffic.as_dict())

    def _next_state(
        self,
        endpoint: EndpointDirectory,
        before: EndpointSpec | None,
        content: RevisionContent,
        options: DeployOptions,
    ) -> EndpointSpec:
        """The wanted state with the new revision; its number, port and keys are kept for it from here on."""
        # Once more: the endpoint may have changed while the model was registered.
        _outline(endpoint.name, before, options)
        if before is None:
            self._begin(endpoint)
        listen = options.listen(before.listen if before else Listen())
        keys = endpoint.keys() or new_keys()
        policy = key_policy(options, before.keys if before else None, listen.host, keys)
        listen = self.store.reserve_address(endpoint, listen, before)
        endpoint.write_keys(keys)
        revision = self._next_revision(endpoint, before, content, options)
        revisions, traffic = with_new_revision(before, revision, options.traffic)
        return EndpointSpec(
            name=endpoint.name,
            generation=before.generation + 1 if before else 1,
            revisions=revisions,
            traffic=traffic,
            mirror=None,
            keys=policy,
            limits=options.limits(before.limits if before else Limits()),
            http=options.http(before.http if before else HttpPolicy()),
            capture=before.capture if before else None,
            listen=listen,
        )

    def _next_revision(
        self,
        endpoint: EndpointDirectory,
        before: EndpointSpec | None,
        content: RevisionContent,
        options: DeployOptions,
    ) -> Revision:
        latest = before.revisions[-1] if before else None
        if latest is not None and (latest.environment is None) != (content.environment is None):
            latest = None  # what suits an ONNX model says nothing about scoring code
        resources = options.resources(latest.resources if latest else Resources())
        settings = options.settings(latest.settings if latest else RunSettings())
        digest = content.bundle.digest
        number = self.store.records.allocate_revision(
            endpoint.name,
            digest,
            [(version.name, version.version) for version in content.models],
            asdict(resources),
            asdict(settings),
        )
        path = self.store.bundle_path(endpoint, digest)
        place = content.environment
        environment = None if place is None else endpoint.path_to(place)
        return Revision(number, digest, path, resources, settings, environment)

    def _begin(self, endpoint: EndpointDirectory) -> None:
        """A record for a new endpoint, in place of one that a killed first deployment may have left."""
        with contextlib.suppress(EndpointNotFound):
            self.store.records.delete(endpoint.name)
        self.store.records.create(endpoint.name)

    def _start(
        self, endpoint: EndpointDirectory, wanted: EndpointSpec, revision: int
    ) -> EndpointStatus | None:
        before = endpoint.spec_if_any()
        running = self.store.target.is_running(endpoint.path)
        status = self.store.changes.apply(endpoint, wanted, revision=revision, start=True)
        if running and before is not None and before.listen != wanted.listen:
            # Another address is taken up by a new supervisor only.
            self.store.changes.stop(endpoint)
            status = self.store.changes.start(endpoint)
        return status

    def _try_out(
        self, endpoint: EndpointDirectory, view: EndpointView, bundle: Bundle
    ) -> tuple[ExampleRequest | None, ScoreAnswer | None]:
        """Ask the endpoint as its users will."""
        example = example_request(endpoint, bundle.directory, bundle.manifest)
        if example is None:
            return None, None
        key = endpoint.keys().get("primary") if view.spec.keys.required else None
        timeout_s = view.spec.limits.request_timeout_s + _ANSWER_MARGIN_S
        answer = send_score(
            view.name,
            view.url,
            example.body,
            example.content_type,
            key=key,
            timeout_s=timeout_s,
        )
        return example, answer


def plan_line(step: str, what: str) -> str:
    """A line of a plan."""
    return f"{step:<12}{what}"


@contextlib.contextmanager
def telling_what_stays(registered: Sequence[ModelVersion]) -> Iterator[None]:
    """Add to the remedy of a failure that versions, registered just now, are not taken back."""
    try:
        yield
    except OnnxportError as error:
        for version in registered:
            name = version.reference
            error.remedy += (
                f"\n{name} stays registered; delete it with: onnxport model delete {name}"
            )
        raise


def _outline(
    name: str, before: EndpointSpec | None, options: DeployOptions
) -> tuple[Listen, KeyPolicy, Traffic]:
    """Where the endpoint will listen, whether it needs keys, and its traffic with the new revision as `_NEXT`."""
    if before is not None and options.must_be_new:
        raise EndpointExists(name)
    listen = options.listen(before.listen if before else Listen())
    policy = key_policy(options, before.keys if before else None, listen.host, {})
    _, traffic = with_new_revision(before, Revision(_NEXT, "", ""), options.traffic)
    return listen, policy, traffic


def _answer_detail(
    bundle: Bundle, example: ExampleRequest | None, answer: ScoreAnswer | None
) -> str:
    if example is None or answer is None:
        made = "no example can be made from the signature"
        why = made if bundle.manifest.kind == "onnx" else "no sample was given"
        return f"none: {why}; give one with --sample"
    if answer.status == HTTPStatus.OK:
        return f"answered in {answer.took_s * 1000:.1f} ms ({_ORIGINS[example.origin]})"
    if example.origin != "generated":
        return (
            f"{_ORIGINS[example.origin]} was answered with {answer.status} ({answer.message[:120]})"
        )
    return f"a made-up example was refused ({answer.message[:120]}); give a real one with --sample"
