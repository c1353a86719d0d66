"""The contract of an endpoint whose main revision runs scoring code: Swagger in the versions that its schemas allow, OpenAPI, the page.

Shape and names of the documents: Azure ML inference server, "azmlinfsrv" 1.5.1. A `swagger.json`, `swagger2.json`, `swagger3.json` or
`swagger3.1.json` beside the script stands in for the document that would be made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from onnxport_serve.contract.page import PAGE_HEADERS, render_page
from onnxport_serve.contract.values import Contract, ContractInput
from onnxport_serve.signature import Signature

if TYPE_CHECKING:
    from onnxport_serve.script.revision import ScriptRevision
    from onnxport_serve.state import State

_ALIASES = {"2": ("2", "2.0"), "3": ("3", "3.0"), "3.1": ("3.1",)}


def script_contract(state: State, revision: ScriptRevision) -> Contract:
    """Every document, computed once per generation."""
    description = revision.description
    is_public = not state.keyring.required
    source = ContractInput(
        name=state.name,
        version=revision.number,
        signature=Signature((), ()),
        revisions=tuple(state.revisions),
        # What the script's author wrote into its schema is meant to be read; a sample may be private.
        example=revision.example if is_public else description["input_schema"].get("example"),
        example_answer=None,
        model=", ".join(revision.models) or None,
        digest=revision.digest,
        keys_required=state.keyring.required,
        body_bytes=state.limits.body_bytes,
        schemas=(description["input_schema"], description["output_schema"]),
    )
    page, assets = render_page(source)
    documents = _documents(state.name, revision)
    return Contract(
        openapi=json.dumps(_third(state.name, revision, "3.1.0")).encode(),
        swagger=documents,
        page=page,
        page_headers=PAGE_HEADERS,
        assets=assets,
    )


def _documents(name: str, revision: ScriptRevision) -> Mapping[str, bytes]:
    made = {
        "2": lambda: _second(name, revision),
        "3": lambda: _third(name, revision, "3.0.3"),
        "3.1": lambda: _third(name, revision, "3.1.0"),
    }
    documents: dict[str, bytes] = {}
    for version, aliases in _ALIASES.items():
        own = revision.own_swagger.get(version)
        if own is None and not set(aliases) & set(revision.description["versions"]):
            continue
        document = own if own is not None else json.dumps(made[version]()).encode()
        documents |= dict.fromkeys(aliases, document)
    return documents


def _second(name: str, revision: ScriptRevision) -> dict[str, Any]:
    return {
        "swagger": "2.0",
        "info": _info(name, revision),
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": _bearer()},
        "paths": {
            "/": {"get": _operation("ServiceHealthCheck", _plain2({"type": "string"}))},
            "/score": {
                "post": {
                    **_operation("RunMLService", _plain2({"$ref": "#/definitions/ServiceOutput"})),
                    "security": [{"Bearer": []}],
                    "parameters": [
                        {
                            "name": "serviceInputPayload",
                            "in": "body",
                            "description": "What the script takes",
                            "schema": {"$ref": "#/definitions/ServiceInput"},
                        }
                    ],
                }
            },
            "/swagger.json": {
                "get": {
                    **_operation("GetSwaggerSpec", _plain2({"type": "string"})),
                    "parameters": [
                        {"name": "version", "in": "query", "required": False, "type": "string"}
                    ],
                }
            },
        },
        "definitions": _schemas(revision),
    }


def _third(name: str, revision: ScriptRevision, version: str) -> dict[str, Any]:
    reference = "#/components/schemas/"
    content = {"application/json": {"schema": {"$ref": reference + "ServiceInput"}}}
    output = {"$ref": reference + "ServiceOutput"}
    return {
        "openapi": version,
        "info": _info(name, revision),
        "security": [{"Bearer": []}],
        "paths": {
            "/": {
                "get": _operation("ServiceHealthCheck", _plain3({"type": "string"}, "text/html"))
            },
            "/score": {
                "post": {
                    **_operation("RunMLService", _plain3(output, "application/json")),
                    "security": [{"Bearer": []}],
                    "requestBody": {"description": "What the script takes", "content": content},
                }
            },
            "/swagger.json": {
                "get": {
                    **_operation("GetSwaggerSpec", _plain3({"type": "object"}, "application/json")),
                    "parameters": [
                        {
                            "name": "version",
                            "in": "query",
                            "required": False,
                            "schema": {"type": "string"},
                        }
                    ],
                }
            },
        },
        "components": {
            "schemas": _schemas(revision),
            "securitySchemes": {"Bearer": _bearer()},
        },
    }


def _info(name: str, revision: ScriptRevision) -> dict[str, str]:
    return {
        "title": name,
        "description": f"API specification for the Azure Machine Learning service {name}",
        "version": str(revision.number),
    }


def _operation(name: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "description": _SUMMARY[name], "responses": responses}


_SUMMARY = {
    "ServiceHealthCheck": "Whether the service lives",
    "RunMLService": "Run the script",
    "GetSwaggerSpec": "This document",
}


def _plain2(schema: dict[str, Any]) -> dict[str, Any]:
    error = {"description": "Refused or failed", "schema": {"$ref": "#/definitions/ErrorResponse"}}
    return {"200": {"description": "Done", "schema": schema}, "default": error}


def _plain3(schema: dict[str, Any], content_type: str) -> dict[str, Any]:
    failed = {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}
    return {
        "200": {"description": "Done", "content": {content_type: {"schema": schema}}},
        "default": {"description": "Refused or failed", "content": {"application/json": failed}},
    }


def _schemas(revision: ScriptRevision) -> dict[str, Any]:
    return {
        "ServiceInput": revision.description["input_schema"],
        "ServiceOutput": revision.description["output_schema"],
        "ErrorResponse": {"type": "object", "properties": {"message": {"type": "string"}}},
    }


def _bearer() -> dict[str, str]:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "description": "Bearer KEY",
    }
