"""The OpenAPI document of an endpoint, with the real names, shapes and element types of its model.

Source: OpenAPI Specification 3.1.0 and 3.0.3. One writer for both: the schemas know the difference.
"""

from typing import Any, Literal

import orjson

from onnxport_serve.contract import infer
from onnxport_serve.contract.answers import (
    AZURE_HEADERS,
    ERROR_SCHEMA,
    EVERY_ROUTE,
    EVERY_RUN,
    HEADERS,
    JSON,
    error_responses,
    header_references,
    refusals,
)
from onnxport_serve.contract.schema import Schema, Schemas
from onnxport_serve.contract.score import ScoreForms
from onnxport_serve.contract.values import ContractInput

Operation = dict[str, Any]
_LARGEST_EXAMPLE = 16_384
_SPECIFICATION: dict[str, Literal["3.0", "3.1"]] = {"3.0.3": "3.0", "3.1.0": "3.1"}
_BYTES: Schema = {"type": "string", "format": "binary"}
_TEXT: Schema = {"type": "string"}
_HTML = "text/html"
_OCTETS = "application/octet-stream"
SWAGGER_VERSIONS = ("2", "2.0", "3", "3.0", "3.1")
"""What the query of `/swagger.json` may ask for."""
_BINARY_LENGTH = "inference-header-content-length"
_RUN_HEADERS = ("x-request-id", "x-onnxport-revision", "server-timing")


def openapi_document(source: ContractInput, version: str = "3.1.0") -> bytes:
    """The document as JSON.

    Args:
        source: What is known about the revision.
        version: `"3.1.0"` or `"3.0.3"`.
    """
    return orjson.dumps(_Document(source, version).build())


def small_example(example: Any) -> Any:
    """The example when it is short enough to stand in a document, else `None`."""
    return (
        example if example is not None and len(orjson.dumps(example)) <= _LARGEST_EXAMPLE else None
    )


def about(source: ContractInput) -> str:
    """A paragraph about the model for the head of a document."""
    saved_by = " ".join(part for part in (source.framework, source.framework_version) if part)
    parts = [
        source.description,
        f"Revision {source.version}",
        f"saved by {saved_by}" if saved_by else "",
    ]
    return "; ".join(part for part in parts if part)


class _Document:
    def __init__(self, source: ContractInput, version: str) -> None:
        self.source = source
        self.version = version
        self.schemas = Schemas(_SPECIFICATION[version])
        self.forms = ScoreForms(source.signature, self.schemas)
        self.keyed = (401,) if source.keys_required else ()

    def build(self) -> dict[str, Any]:
        source = self.source
        return {
            "openapi": self.version,
            "info": {
                "title": source.name,
                "version": str(source.version),
                "description": about(source),
            },
            "paths": self._paths(),
            "components": self._components(),
        }

    def _paths(self) -> dict[str, Any]:
        model = f"/v2/models/{self.source.name}"
        anything: Schema = {"type": "object"}
        return {
            "/": _get(self._open("Liveness", "livenessProbe", _HTML, _TEXT)),
            "/score": {"post": self._score()},
            "/swagger.json": _get(self._swagger()),
            "/openapi.json": _get(self._open("This document", "openapiDocument", JSON, anything)),
            "/docs": _get(self._open("A page to read and try the model", "docsPage", _HTML, _TEXT)),
            "/metrics": _get(self._keyed("Metrics for Prometheus", "metrics", "text/plain", _TEXT)),
            "/v2": _get(self._metadata("Server metadata", "serverMetadata", "ServerMetadata")),
            "/v2/health/live": _get(self._health("Liveness", "serverLive", "live")),
            "/v2/health/ready": _get(self._health("Readiness", "serverReady", "ready")),
            **self._model_paths(model, ""),
            **self._model_paths(model + "/versions/{version}", "Version"),
        }

    def _model_paths(self, path: str, suffix: str) -> dict[str, Any]:
        shared = {"parameters": [self._version_parameter()]} if suffix else {}
        metadata = self._metadata("Model metadata", f"modelMetadata{suffix}", "ModelMetadata")
        ready = self._health("Model readiness", f"modelReady{suffix}", "ready")
        return {
            path: shared | _get(metadata),
            f"{path}/ready": shared | _get(ready),
            f"{path}/infer": shared | {"post": self._infer(suffix)},
        }

    def _version_parameter(self) -> dict[str, Any]:
        numbers = [str(number) for number in self.source.revisions or (self.source.version,)]
        return {
            "name": "version", "in": "path", "required": True, "description": "A revision of the endpoint",
            "schema": {"type": "string", "enum": numbers},
        }  # fmt: skip

    def _score(self) -> Operation:
        content: dict[str, Any] = {
            JSON: {"schema": _reference("ScoreRequest")} | _example(self.source.example)
        }
        if self.forms.takes_bytes:
            content |= {_OCTETS: {"schema": _BYTES}, "application/x-npy": {"schema": _BYTES}}
        good = self._answer("ScoreAnswer", "The answer of the model", self.source.example_answer)
        good["headers"] |= header_references(AZURE_HEADERS)
        if self.forms.gives_bytes:
            good["content"][_OCTETS] = {"schema": _BYTES}
        operation = {
            "summary": "Score",
            "description": "Run the model. A body of another content type than those below is read as JSON.",
            "operationId": "score",
            "requestBody": {"required": True, "content": content},
            "responses": {"200": good} | refusals((*EVERY_ROUTE, *EVERY_RUN, *self.keyed), ""),
        }
        return self._secured(operation)

    def _infer(self, suffix: str) -> Operation:
        body = {JSON: {"schema": _reference("InferRequest")}, _OCTETS: {"schema": _BYTES}}
        good = self._answer("InferAnswer", "The outputs")
        good["content"][_OCTETS] = {"schema": _BYTES}
        good["headers"] |= header_references((_BINARY_LENGTH,))
        statuses = (404, *EVERY_ROUTE, *EVERY_RUN, *self.keyed)
        operation = {
            "summary": "Infer",
            "description": "Run the model with the Open Inference Protocol, in JSON or with binary tensors.",
            "operationId": f"modelInfer{suffix}",
            "requestBody": {"required": True, "content": body},
            "responses": {"200": good} | refusals(statuses, "Infer"),
        }
        return self._secured(operation)

    def _answer(self, schema: str, description: str, example: Any = None) -> dict[str, Any]:
        media = {"schema": _reference(schema)} | _example(example)
        headers = header_references(_RUN_HEADERS)
        return {"description": description, "headers": headers, "content": {JSON: media}}

    def _open(self, summary: str, name: str, content_type: str, schema: Schema) -> Operation:
        """A route that is read without a key."""
        good = {
            "description": summary,
            "headers": header_references(("x-request-id",)),
            "content": {content_type: {"schema": schema}},
        }
        responses = {"200": good} | refusals(EVERY_ROUTE, "")
        return {"summary": summary, "operationId": name, "responses": responses}

    def _keyed(self, summary: str, name: str, content_type: str, schema: Schema) -> Operation:
        """A route that is read with a key, where keys are required."""
        operation = self._open(summary, name, content_type, schema)
        operation["responses"] |= refusals(self.keyed, "")
        return self._secured(operation)

    def _swagger(self) -> Operation:
        operation = self._open(
            "Swagger 2.0, or OpenAPI", "swaggerDocument", JSON, {"type": "object"}
        )
        operation["parameters"] = [
            {
                "name": "version",
                "in": "query",
                "required": False,
                "description": f"One of {', '.join(SWAGGER_VERSIONS)}; another one is not found",
                "schema": {"type": "string", "default": "2"},
            }
        ]
        operation["responses"] |= refusals((404,), "")
        return operation

    def _metadata(self, summary: str, name: str, schema: str) -> Operation:
        operation = self._open(summary, name, JSON, _reference(schema))
        return self._secured(_in_family(operation, (404, *EVERY_ROUTE, *self.keyed)))

    def _health(self, summary: str, name: str, word: str) -> Operation:
        schema = infer.object_schema({word: {"type": "boolean"}}, [word])
        return _in_family(self._open(summary, name, JSON, schema), (404, *EVERY_ROUTE))

    def _secured(self, operation: Operation) -> Operation:
        return operation | ({"security": [{"key": []}]} if self.source.keys_required else {})

    def _components(self) -> dict[str, Any]:
        headers = HEADERS | {
            _BINARY_LENGTH: {
                "description": "Bytes of JSON before the binary tensors",
                "schema": {"type": "integer"},
            },
        }
        components = {
            "schemas": self._component_schemas(),
            "responses": error_responses("Error", "") | error_responses("InferError", "Infer"),
            "headers": headers,
        }
        if self.source.keys_required:
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        return components

    def _component_schemas(self) -> dict[str, Schema]:
        return {
            "ScoreRequest": self.forms.request(),
            "ScoreAnswer": self.forms.answer(),
            "InferRequest": infer.infer_request(self.source.signature, self.schemas),
            "InferAnswer": infer.infer_answer(self.source.signature),
            "ServerMetadata": infer.server_metadata(),
            "ModelMetadata": infer.model_metadata(),
            "Error": ERROR_SCHEMA,
            "InferError": infer.error_schema(),
        }


def _example(example: Any) -> dict[str, Any]:
    short = small_example(example)
    return {} if short is None else {"example": short}


def _get(operation: Operation) -> dict[str, Any]:
    return {"get": operation}


def _in_family(operation: Operation, statuses: tuple[int, ...]) -> Operation:
    """The operation as one of `/v2`, whose errors have a form of their own."""
    good = {"200": operation["responses"]["200"]}
    return operation | {"responses": good | refusals(statuses, "Infer")}


def _reference(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}
