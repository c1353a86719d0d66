"""The OpenAPI document of an endpoint, with the real names, shapes and element types of its model.

Source: OpenAPI Specification 3.1.0 and 3.0.3. One writer for both: the schemas know the difference.
"""

from typing import Any, Literal

import orjson

from onnxport_serve.contract import infer
from onnxport_serve.contract.answers import (
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
_OCTETS = "application/octet-stream"
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
        versioned = model + "/versions/{version}"
        return {
            "/": {"get": self._text("Liveness", "livenessProbe", "The endpoint lives")},
            "/score": {"post": self._score()},
            "/swagger.json": {"get": self._swagger()},
            "/openapi.json": {
                "get": self._json("This document", "openapiDocument", {"type": "object"})
            },
            "/docs": {
                "get": self._text(
                    "A page to read the contract and try the model",
                    "docsPage",
                    "The page",
                    "text/html",
                )
            },
            "/metrics": {
                "get": self._text("Metrics for Prometheus", "metrics", "Prometheus text format")
            },
            "/v2": {"get": self._v2_json("Server metadata", "serverMetadata", "ServerMetadata")},
            "/v2/health/live": {"get": self._health("Liveness", "serverLive")},
            "/v2/health/ready": {"get": self._health("Readiness", "serverReady")},
            **self._model_paths(model, "", []),
            **self._model_paths(versioned, "Version", [self._version_parameter()]),
        }

    def _model_paths(self, path: str, suffix: str, parameters: list[Any]) -> dict[str, Any]:
        shared = {"parameters": parameters} if parameters else {}
        metadata = self._v2_json(
            "Model metadata", f"modelMetadata{suffix}", "ModelMetadata", missing=bool(suffix)
        )
        return {
            path: shared | {"get": metadata},
            f"{path}/ready": shared
            | {"get": self._health("Model readiness", f"modelReady{suffix}", missing=bool(suffix))},
            f"{path}/infer": shared | {"post": self._infer(suffix)},
        }

    def _version_parameter(self) -> dict[str, Any]:
        numbers = [str(number) for number in self.source.revisions or (self.source.version,)]
        return {
            "name": "version", "in": "path", "required": True, "description": "A revision of the endpoint",
            "schema": {"type": "string", "enum": numbers},
        }  # fmt: skip

    def _score(self) -> Operation:
        example = small_example(self.source.example)
        content: dict[str, Any] = {
            JSON: {"schema": _reference("ScoreRequest")}
            | ({"example": example} if example is not None else {}),
        }
        if len(self.source.signature.inputs) == 1:
            content[_OCTETS] = {"schema": _BYTES}
            content["application/x-npy"] = {"schema": _BYTES}
        return self._secured({
            "summary": "Score",
            "description": "Run the model. Without a content type the body is read as JSON.",
            "operationId": "score",
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": self._answer("ScoreAnswer", "The answer of the model", small_example(self.source.example_answer)),
            } | refusals((*EVERY_ROUTE, *EVERY_RUN, *self.keyed), ""),
        })  # fmt: skip

    def _infer(self, suffix: str) -> Operation:
        body = {JSON: {"schema": _reference("InferRequest")}, _OCTETS: {"schema": _BYTES}}
        answer = self._answer("InferAnswer", "The outputs")
        answer["content"][_OCTETS] = {"schema": _BYTES}
        answer["headers"] |= header_references((_BINARY_LENGTH,))
        return self._secured({
            "summary": "Infer",
            "description": "Run the model with the Open Inference Protocol, in JSON or with binary tensors.",
            "operationId": f"modelInfer{suffix}",
            "requestBody": {"required": True, "content": body},
            "responses": {"200": answer} | refusals((404, *EVERY_ROUTE, *EVERY_RUN, *self.keyed), "Infer"),
        })  # fmt: skip

    def _answer(self, schema: str, description: str, example: Any = None) -> dict[str, Any]:
        media = {"schema": _reference(schema)} | (
            {"example": example} if example is not None else {}
        )
        return {
            "description": description,
            "headers": header_references(_RUN_HEADERS),
            "content": {JSON: media},
        }

    def _text(
        self, summary: str, name: str, meaning: str, content_type: str = "text/plain"
    ) -> Operation:
        return self._read(summary, name, meaning, content_type, {"type": "string"})

    def _json(self, summary: str, name: str, schema: Schema) -> Operation:
        return self._read(summary, name, summary, JSON, schema)

    def _read(
        self, summary: str, name: str, meaning: str, content_type: str, schema: Schema
    ) -> Operation:
        good = {
            "description": meaning,
            "headers": header_references(("x-request-id",)),
            "content": {content_type: {"schema": schema}},
        }
        return {
            "summary": summary,
            "operationId": name,
            "responses": {"200": good} | refusals(EVERY_ROUTE, ""),
        }

    def _swagger(self) -> Operation:
        operation = self._json(
            "Swagger 2.0, or OpenAPI by `version`", "swaggerDocument", {"type": "object"}
        )
        operation["parameters"] = [{
            "name": "version", "in": "query", "required": False,
            "schema": {"type": "string", "enum": ["2", "2.0", "3", "3.0", "3.1"], "default": "2"},
        }]  # fmt: skip
        operation["responses"] |= refusals((404,), "")
        return operation

    def _v2_json(self, summary: str, name: str, schema: str, *, missing: bool = False) -> Operation:
        operation = self._json(summary, name, _reference(schema))
        return self._in_family(operation, missing=missing)

    def _health(self, summary: str, name: str, *, missing: bool = False) -> Operation:
        operation = self._read(summary, name, "Yes", JSON, {"type": "object"})
        return self._in_family(operation, missing=missing)

    def _in_family(self, operation: Operation, *, missing: bool) -> Operation:
        statuses = (*EVERY_ROUTE, *((404,) if missing else ()))
        good = {"200": operation["responses"]["200"]}
        return operation | {"responses": good | refusals(statuses, "Infer")}

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
        forms = ScoreForms(self.source.signature, self.schemas)
        return {
            "ScoreRequest": forms.request(),
            "ScoreAnswer": forms.answer(),
            "InferRequest": infer.infer_request(self.source.signature, self.schemas),
            "InferAnswer": infer.infer_answer(self.source.signature),
            "ServerMetadata": infer.server_metadata(),
            "ModelMetadata": infer.model_metadata(),
            "Error": ERROR_SCHEMA,
            "InferError": infer.error_schema(),
        }


def _reference(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}
