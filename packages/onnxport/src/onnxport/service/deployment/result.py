"""What a deployment came to."""

from dataclasses import dataclass
from typing import Any

from onnxport.domain.model import ModelVersion
from onnxport.service.endpoint.example_request import ExampleRequest
from onnxport.service.endpoint.view import EndpointView


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment came to.

    `models` are the versions in the bundle, one for an ONNX revision, any number for scoring code. `example` is a request that was answered
    with 200, or `None` where none is known. `registered` is false where every model was there already with the same content.
    """

    endpoint: EndpointView
    revision: int
    models: tuple[ModelVersion, ...]
    registered: bool
    example: ExampleRequest | None
    warnings: tuple[str, ...]

    @property
    def version(self) -> ModelVersion | None:
        """The model version where there is just one."""
        return self.models[0] if len(self.models) == 1 else None

    def to_json(self) -> dict[str, Any]:
        """The deployment for programs."""
        return {
            "name": self.endpoint.name,
            "url": self.endpoint.url,
            "revision": self.revision,
            "model": str(self.version.reference) if self.version else None,
            "models": [str(version.reference) for version in self.models],
            "registered": self.registered,
            "traffic": {str(number): share for number, share in self.endpoint.traffic.items()},
            "keys_required": self.endpoint.spec.keys.required,
            "warnings": list(self.warnings),
        }
