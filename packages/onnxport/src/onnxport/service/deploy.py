"""Deploying: inspect, register, bundle, start, golden request, traffic.

Everything before `start` changes nothing that runs. `start` loads the new revision beside the running one; where that fails, the wanted
state is as it was before and the running revision was never touched.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import Bundle, SampleRequest
from onnxport.domain.endpoint import EndpointSpec, HttpPolicy, KeyPolicy, Limits, Listen, Revision
from onnxport.domain.model import ModelVersion
from onnxport.domain.names import check_endpoint_name
from onnxport.domain.resources import Resources, RunSettings
from onnxport.domain.status import EndpointStatus
from onnxport.domain.traffic import Traffic
from onnxport.errors import OnnxportError
from onnxport.registry.errors import EndpointNotFound
from onnxport.service.deploy_options import DeployOptions, key_policy, with_new_revision
from onnxport.service.deploy_source import DeployableModel, DeploySources
from onnxport.service.endpoint_directory import EndpointDirectory
from onnxport.service.endpoint_store import EndpointStore
from onnxport.service.endpoint_view import EndpointView
from onnxport.service.example_request import ExampleRequest, example_request
from onnxport.service.keys import new_keys
from onnxport.service.progress import Progress
from onnxport.service.sample_input import read_sample
from onnxport.service.score_request import ScoreAnswer, send_score

_ANSWER_MARGIN_S = 10.0
_NEXT = 2**31
"""Stands for the number of the new revision where none is allocated yet: newer than any."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment came to.

    `example` is a request that was answered with 200, or `None` where none is known. `registered` is false where the model's
    newest version had the same content and was used again.
    """

    endpoint: EndpointView
    revision: int
    version: ModelVersion
    registered: bool
    example: ExampleRequest | None
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The deployment for programs."""
        return {
            "name": self.endpoint.name,
            "url": self.endpoint.url,
            "revision": self.revision,
            "model": str(self.version.reference),
            "registered": self.registered,
            "traffic": {str(number): share for number, share in self.endpoint.traffic.items()},
            "keys_required": self.endpoint.spec.keys.required,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Deployer:
    """Deploys models to the endpoints of one workspace."""

    store: EndpointStore
    sources: DeploySources

    def deploy(
        self,
        model: str | Path,
        name: str | None,
        sample: Path | None,
        options: DeployOptions,
        progress: Progress,
    ) -> Deployment:
        """Carry out the steps; see `Endpoints.deploy`."""
        options.check()
        with progress.step("inspect") as step:
            found = self.sources.find(model, name)
            name = check_endpoint_name(found.default_name if name is None else name)
            self._refuse_early(name, options)
            golden = _read_sample(sample, found)
            step.detail = found.summary
        with progress.step("register") as step:
            known = self.sources.registered(found)
            version = self.sources.register(found) if known is None else known
            step.detail = str(version.reference)
            if known is not None and found.version is None:
                step.detail += " (same content as the newest version: used again)"
        with _telling_what_stays(None if known else version):
            with progress.step("bundle") as step:
                bundle = build_bundle(self.store.bundles, [version], self.sources.place, golden)
                step.detail = bundle.digest[:19]
            deployment = self._roll_out(name, version, bundle, options, progress)
        return replace(deployment, registered=known is None)

    def plan(self, model: str | Path, name: str | None, options: DeployOptions) -> list[str]:
        """What `deploy` would do; see `Endpoints.plan`."""
        options.check()
        found = self.sources.find(model, name)
        name = check_endpoint_name(found.default_name if name is None else name)
        known = self.sources.registered(found)
        before = self.store.directory(name).spec_if_any()
        listen, policy, traffic = _outline(before, options)
        shares = ", ".join(
            f"{'the new revision' if number == _NEXT else f'revision {number}'} {share} %"
            for number, share in traffic.percents
        )
        how = "load beside what runs, then swap" if before else "a new endpoint"
        port = listen.port or "chosen from 8000 on"
        start = f"{how}: '{name}' on {listen.host}, port {port}"
        return [
            f"inspect   {found.summary}",
            f"register  use {known.reference}"
            if known
            else f"register  a new version of {found.name}",
            "bundle    one immutable directory of the model, and the sample if one is given",
            f"start     {start}",
            f"keys      {'required' if policy.required else 'not required'}",
            f"traffic   {shares}",
        ]

    def _refuse_early(self, name: str, options: DeployOptions) -> None:
        """Raise what the options alone make impossible, before anything is registered."""
        _outline(self.store.directory(name).spec_if_any(), options)

    def _roll_out(
        self,
        name: str,
        version: ModelVersion,
        bundle: Bundle,
        options: DeployOptions,
        progress: Progress,
    ) -> Deployment:
        with progress.step("start") as step:

            def waiting() -> None:
                progress.notice(f"waiting: another command is changing endpoint '{name}'")

            with self.store.changing(name, waiting) as endpoint:
                wanted = self._next_state(endpoint, version, bundle, options)
                revision = wanted.revisions[-1].number
                step.detail = f"revision {revision} on {wanted.listen.host}:{wanted.listen.port}"
                status = self._start(endpoint, wanted, revision)
        with progress.step("golden request") as step:
            view = self.store.view(name)
            example, answer = self._try_out(endpoint, view, bundle)
            step.detail = _answer_detail(example, answer)
        with progress.step("traffic") as step:
            step.detail = ", ".join(f"revision {n}: {share} %" for n, share in view.traffic.items())
        warnings = status.warnings if status else ()
        return Deployment(view, revision, version, False, example, warnings)

    def _next_state(
        self,
        endpoint: EndpointDirectory,
        version: ModelVersion,
        bundle: Bundle,
        options: DeployOptions,
    ) -> EndpointSpec:
        """The wanted state with the new revision; its number, port and keys are kept for it from here on."""
        before = endpoint.spec_if_any()
        if before is None:
            self._begin(endpoint)
        listen = options.listen(before.listen if before else Listen())
        keys = endpoint.keys() or new_keys()
        policy = key_policy(options, before.keys if before else None, listen.host, keys)
        latest = before.revisions[-1] if before else None
        resources = options.resources(latest.resources if latest else Resources())
        settings = options.settings(latest.settings if latest else RunSettings())
        _outline(
            before, options
        )  # once more: the endpoint may have changed while the model was registered
        listen = self.store.reserve_address(endpoint, listen, before)
        endpoint.write_keys(keys)
        number = self.store.records.allocate_revision(
            endpoint.name,
            bundle.digest,
            [(version.name, version.version)],
            asdict(resources),
            asdict(settings),
        )
        path = self.store.bundle_path(endpoint, bundle.digest)
        revision = Revision(number, bundle.digest, path, resources, settings)
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
        """Ask the endpoint as its users will; the example is kept only where it was answered well."""
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
        return (example if answer.status == HTTPStatus.OK else None), answer


@contextlib.contextmanager
def _telling_what_stays(registered: ModelVersion | None) -> Iterator[None]:
    """Add to the remedy of a failure that a version, registered just now, is not taken back."""
    try:
        yield
    except OnnxportError as error:
        if registered is not None:
            version = registered.reference
            error.remedy += (
                f"\n{version} stays registered; delete it with: onnxport model delete {version}"
            )
        raise


def _outline(
    before: EndpointSpec | None, options: DeployOptions
) -> tuple[Listen, KeyPolicy, Traffic]:
    """Where the endpoint will listen, whether it needs keys, and its traffic with the new revision as `_NEXT`."""
    listen = options.listen(before.listen if before else Listen())
    policy = key_policy(options, before.keys if before else None, listen.host, {})
    _, traffic = with_new_revision(before, Revision(_NEXT, "", ""), options.traffic)
    return listen, policy, traffic


def _read_sample(path: Path | None, found: DeployableModel) -> SampleRequest | None:
    if path is None:
        return None
    body, content_type = read_sample(path, found.signature)
    return SampleRequest(body, content_type, "user")


def _answer_detail(example: ExampleRequest | None, answer: ScoreAnswer | None) -> str:
    if answer is None:
        return "none: no example can be made from the signature; give one with --sample"
    if example is None:
        return (
            f"a made-up example was refused ({answer.message[:120]}); give a real one with --sample"
        )
    origin = "your sample" if example.given else "made from the signature"
    return f"answered in {answer.took_s * 1000:.1f} ms ({origin})"
