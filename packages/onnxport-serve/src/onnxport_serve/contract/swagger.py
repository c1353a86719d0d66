"""The Swagger 2.0 document at `/swagger.json`, in the shape that clients of Azure Machine Learning expect.

Sources: Swagger 2.0; the names of operations, parameters and definitions are those of Azure's inference server.
"""

from typing import Any

import orjson

from onnxport_serve.contract.answers import ERROR_SCHEMA
from onnxport_serve.contract.openapi import SWAGGER_VERSIONS, openapi_document, small_example
from onnxport_serve.contract.schema import Schema, Schemas
from onnxport_serve.contract.score import ScoreForms
from onnxport_serve.contract.values import ContractInput


def swagger_documents(source: ContractInput, openapi: bytes) -> dict[str, bytes]:
    """The documents of `/swagger.json` by the `version` of the query.

    Args:
        source: What is known about the revision.
        openapi: The OpenAPI 3.1 document, which `version=3.1` answers with.
    """
    second = orjson.dumps(_document(source))
    third = openapi_document(source, "3.0.3")
    return {"2": second, "2.0": second, "3": third, "3.0": third, "3.1": openapi}


def _document(source: ContractInput) -> dict[str, Any]:
    return {
        "swagger": "2.0",
        "info": {
            "title": source.name,
            "description": f"API specification for the Azure Machine Learning service {source.name}",
            "version": str(source.version),
        },
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {
            "Bearer": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "Bearer KEY",
            }
        },
        "paths": {
            "/": {"get": _health()},
            "/score": {"post": _score(source)},
            "/swagger.json": {"get": _self()},
        },
        "definitions": _definitions(source),
    }


def _health() -> dict[str, Any]:
    return {
        "operationId": "ServiceHealthCheck",
        "description": "Whether the service lives",
        "produces": ["text/html"],
        "responses": {
            "200": {"description": "It lives", "schema": {"type": "string"}},
            "default": _error(),
        },
    }


def _score(source: ContractInput) -> dict[str, Any]:
    payload = {
        "name": "serviceInputPayload",
        "in": "body",
        "required": True,
        "schema": _reference("ServiceInput"),
    }
    operation = {
        "operationId": "RunMLService",
        "description": "Run the model",
        "parameters": [payload],
        "responses": {
            "200": {
                "description": "The answer of the model",
                "schema": _reference("ServiceOutput"),
            },
            "default": _error(),
        },
    }
    return operation | ({"security": [{"Bearer": []}]} if source.keys_required else {})


def _self() -> dict[str, Any]:
    version = {
        "name": "version",
        "in": "query",
        "type": "string",
        "enum": list(SWAGGER_VERSIONS),
    }
    return {
        "operationId": "GetSwaggerSpec",
        "description": "This document",
        "parameters": [version],
        "responses": {
            "200": {"description": "The document", "schema": {"type": "object"}},
            "default": _error(),
        },
    }


def _definitions(source: ContractInput) -> dict[str, Schema]:
    forms = ScoreForms(source.signature, Schemas("2.0"))
    return {
        "ServiceInput": _with_example(forms.simplest_request(), source.example),
        "ServiceOutput": _with_example(forms.simplest_answer(), source.example_answer),
        "ErrorResponse": ERROR_SCHEMA,
    }


def _with_example(schema: Schema, example: Any) -> Schema:
    short = small_example(example)
    return schema if short is None else schema | {"example": short}


def _error() -> dict[str, Any]:
    return {"description": "Refused or failed", "schema": _reference("ErrorResponse")}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
