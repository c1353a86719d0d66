"""Deploying a bundle that is there already: that of an image, an imported one, or one that another endpoint runs."""

from dataclasses import dataclass

from onnxport.bundle.interface import Bundle
from onnxport.domain.bundle import BundleModel
from onnxport.domain.model import ModelVersion
from onnxport.domain.names import check_endpoint_name
from onnxport.registry.errors import ModelNotFound, VersionNotFound
from onnxport.service.bundles import Bundles
from onnxport.service.deployment.options import DeployOptions
from onnxport.service.deployment.result import Deployment
from onnxport.service.deployment.rollout import Rollout, plan_line
from onnxport.service.endpoint.revision_content import RevisionContent
from onnxport.service.model.chosen import endpoint_name_from
from onnxport.service.model.models import Models
from onnxport.service.progress import Progress


@dataclass(frozen=True, slots=True)
class BundleDeployer:
    """Deploys bundles to the endpoints of one workspace."""

    rollout: Rollout
    bundles: Bundles
    models: Models

    def deploy(
        self, bundle: str, name: str | None, options: DeployOptions, progress: Progress
    ) -> Deployment:
        """Carry out the steps; see `Endpoints.deploy_bundle`."""
        with progress.step("bundle") as step:
            found, name = self._checked(bundle, name, options)
            self.rollout.check(name, options)
            looked_up = [(model, self._known(found, model)) for model in found.manifest.models]
            step.detail = found.digest[:19]
        for model, version in looked_up:
            if version is None:
                what = f"models:/{model.name}/{model.version}"
                progress.notice(f"{what} is in the bundle, and not registered in this workspace")
        with progress.step("environment") as step:
            place = self.rollout.environments.place_of(found, progress.notice)
            step.detail = "none needed" if place is None else str(place)
        known = tuple(version for _, version in looked_up if version is not None)
        return self.rollout.run(name, RevisionContent(found, known, place), options, progress)

    def plan(self, bundle: str, name: str | None, options: DeployOptions) -> list[str]:
        """What `deploy` would do; see `Endpoints.plan_bundle`."""
        found, name = self._checked(bundle, name, options)
        models = ", ".join(f"models:/{m.name}/{m.version}" for m in found.manifest.models)
        what = f"{found.digest[:19]} as it is, with {models or 'no models'}"
        return [plan_line("bundle", what), *self.rollout.plan(name, options)]

    def _checked(self, bundle: str, name: str | None, options: DeployOptions) -> tuple[Bundle, str]:
        """The bundle, and the endpoint's name; raises where the options do not go with it."""
        options.check()
        found = self.bundles.find(bundle)
        check = options.check_onnx if found.manifest.kind == "onnx" else options.check_script
        check()
        return found, check_endpoint_name(_default_name(found) if name is None else name)

    def _known(self, bundle: Bundle, model: BundleModel) -> ModelVersion | None:
        """The registered version of a model in the bundle; `None` where this workspace has other files, or none, by that name."""
        try:
            version = self.models.get(model.name, version=model.version)
        except (ModelNotFound, VersionNotFound):
            return None
        files = {(file.path, file.sha256) for file in bundle.manifest.files}
        wanted = {(f"{model.path}/{file.path}", file.sha256) for file in version.files}
        return version if wanted <= files else None


def _default_name(bundle: Bundle) -> str:
    models = bundle.manifest.models
    return endpoint_name_from(models[0].name if models else "script")
