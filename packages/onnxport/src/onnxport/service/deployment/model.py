"""Deploying a model: convert where it is of another framework, inspect, register, bundle, then `rollout`.

Everything here changes nothing that runs.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from onnxport.bundle.build import build_bundle
from onnxport.bundle.interface import SampleRequest
from onnxport.domain.names import check_endpoint_name
from onnxport.service.conversion.options import ConvertOptions
from onnxport.service.deployment.conversion import Deployable, DeployConversion
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.deployment.result import Deployment
from onnxport.service.deployment.rollout import (
    Rollout,
    plan_line,
    telling_what_stays,
)
from onnxport.service.endpoint.revision_content import RevisionContent
from onnxport.service.model.chosen import (
    DeployableModel,
    DeploySources,
    endpoint_name_from,
    registered_detail,
)
from onnxport.service.progress import Progress
from onnxport.service.sample.input_file import read_sample

_BUNDLE = "one immutable directory of the model, and the sample if one is given"


@dataclass(frozen=True, slots=True)
class Deployer:
    """Deploys models to the endpoints of one workspace."""

    rollout: Rollout
    sources: DeploySources
    conversion: DeployConversion

    def deploy(
        self,
        model: str | Path,
        name: str | None,
        sample: Path | None,
        options: DeployOptions,
        convert: ConvertOptions,
        progress: Progress,
    ) -> Deployment:
        """Carry out the steps; see `Endpoints.deploy`."""
        options.check()
        options.check_onnx()
        if name is not None:
            self.rollout.check(check_endpoint_name(name), options)
        with self.conversion.deployable(model, name, sample, convert, progress) as deployable:
            return self._deploy(deployable, name, sample, options, convert, progress)

    def _deploy(
        self,
        deployable: Deployable,
        name: str | None,
        sample: Path | None,
        options: DeployOptions,
        convert: ConvertOptions,
        progress: Progress,
    ) -> Deployment:
        with progress.step("inspect") as step:
            found = self.sources.find(deployable.model, deployable.name, deployable.converted_from)
            name = check_endpoint_name(found.default_name if name is None else name)
            self.rollout.check(name, options)
            if not convert.allow_unproven:
                found.check_proven()
            golden = _golden(sample, found)
            step.detail = found.summary
        with progress.step("register") as step:
            known = self.sources.registered(found)
            version = self.sources.register(found) if known is None else known
            again = known is not None and found.version is None
            step.detail = registered_detail([version], used_again=again)
        with telling_what_stays([] if known else [version]):
            with progress.step("bundle") as step:
                store = self.rollout.store.bundles
                bundle = build_bundle(store, [version], self.sources.place, golden)
                step.detail = bundle.digest[:19]
            deployment = self.rollout.run(
                name, RevisionContent(bundle, (version,)), options, progress
            )
        return replace(deployment, registered=known is None)

    def plan(
        self, model: str | Path, name: str | None, options: DeployOptions, convert: ConvertOptions
    ) -> list[str]:
        """What `deploy` would do; see `Endpoints.plan`."""
        options.check()
        options.check_onnx()
        conversion = self.conversion.plan(model, convert)
        if conversion is not None:
            path = Path(model)
            default = endpoint_name_from(path.name if path.is_dir() else path.stem)
            name = check_endpoint_name(default if name is None else name)
            return [
                plan_line("convert", conversion),
                plan_line("register", "a new version with what it was converted from"),
                plan_line("bundle", _BUNDLE),
                *self.rollout.plan(name, options),
            ]
        found = self.sources.find(model, name)
        name = check_endpoint_name(found.default_name if name is None else name)
        known = self.sources.registered(found)
        return [
            plan_line("inspect", found.summary),
            plan_line(
                "register", f"use {known.reference}" if known else f"a new version of {found.name}"
            ),
            plan_line("bundle", _BUNDLE),
            *self.rollout.plan(name, options),
        ]


def _golden(path: Path | None, found: DeployableModel) -> SampleRequest | None:
    """The user's sample, else one that the framework answered in the proof."""
    if path is None:
        proof = found.proof
        if proof is None or proof.example is None or not proof.proven:
            return None
        return SampleRequest(proof.example.encode(), "application/json", "proof")
    assert found.signature is not None
    body, content_type = read_sample(path, found.signature)
    return SampleRequest(body, content_type, "user")
