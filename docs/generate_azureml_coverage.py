"""The page that says what of the vendor's SDK there is: the recorded names against the code.

Names and parameters are recorded in `azureml_names.json`: by class, the constructor as `()`, attributes under `*`.
"""

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azureml._not_provided import Absent
from azureml.core._configuration import ENFORCED, UNMET
from azureml.core._scoring import UNMET_OF_CODE

NAMES = Path(__file__).parent / "azureml_names.json"
WITHOUT_EFFECT = {
    "auth": "nobody logs in to a folder",
    "subscription_id": "echoed",
    "resource_group": "echoed",
    "workspace_name": "echoed",
    "sku": "echoed",
    "location": "echoed, or told as unmet",
    "cloud": "none",
    "create_resource_group": "none",
    "friendly_name": "none",
    "storage_account": "none",
    "key_vault": "none",
    "app_insights": "none",
    "container_registry": "none",
    "default_cpu_compute_target": "none",
    "default_gpu_compute_target": "none",
    "exist_ok": "none for a workspace; replaces files for a download",
    "expand": "none",
    "page_count": "none",
    "datasets": "told as unmet",
    "child_paths": "none",
    "sample_input_dataset": "told as unmet",
    "sample_output_dataset": "told as unmet",
    "resource_configuration": "told as unmet",
    "dataset_id": "finds nothing",
    "pip_version": "none",
    "pin_sdk_version": "none",
    "timeout_sec": "none: the deployment has ended",
    "init": "none",
    "raw": "none",
    "wait": "none: every call waits",
    "delete_cache": "none",
    "delete_image": "none",
    "delete_volume": "none",
    "dependencies": "refused",
    "runtime": "python only",
    "base_image_registry": "told as unmet with the base image",
    "extra_docker_file_steps": UNMET_OF_CODE["docker_file"],
    "deployment_target": "keys are needed, nothing else",
    **UNMET_OF_CODE,
}

_INTRODUCTION = """Generated from the code, against the names of the vendor's last release and of 2018.

*supported*: works as old code expects. *not there*: raises `NotProvidedException`, which names what to use. Parameters whose effect is
another one than the vendor's, or none, are listed with it. [Move from Azure ML](../guides/move-from-azureml.md) says how to begin."""


def coverage_page() -> str:
    """What is supported, accepted with its effect, and not there."""
    lines = [
        "# Coverage of azureml.core",
        "",
        _INTRODUCTION,
        "",
    ]
    for path, members in recorded().items():
        kind = find(path)
        lines += [f"## {path}", ""]
        if isinstance(kind, Absent):
            lines += [f"Not there. {kind.instead}", ""]
            continue
        lines += ["| member | state | parameters with an effect of their own |", "|---|---|---|"]
        for name, parameters in members.items():
            if name == "*":
                continue
            instead = refusal(kind, name)
            state = "supported" if instead is None else f"not there: {instead}"
            effects = "" if instead else "; ".join(effects_of(name, parameters))
            lines.append(f"| `{kind.__name__ if name == '()' else name}` | {state} | {effects} |")
        lines += [f"| {row} |" for row in attributes(kind, members.get("*", []))]
        lines.append("")
    return "\n".join(lines)


def recorded() -> dict[str, dict[str, list[str]]]:
    """The recorded names, by class."""
    document = json.loads(NAMES.read_text(encoding="utf-8"))
    return {
        path: {name: text.split() for name, text in members.items()}
        for path, members in document.items()
    }


def find(path: str) -> Any:
    """A class by its path."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def refusal(kind: Any, name: str) -> str | None:
    """What to use instead of a member that is not there; `None` where it is."""
    member = None if name == "()" else inspect.getattr_static(kind, name, None)
    function = getattr(member, "__func__", getattr(member, "fget", member))
    found: str | None = getattr(function, "instead", None)
    return found


def effects_of(member: str, parameters: list[str]) -> Iterator[str]:
    """The effects of parameters that have one of their own here."""
    known = {**WITHOUT_EFFECT, **UNMET}
    if member in {"deploy_configuration", "update"}:
        known = {**known, **ENFORCED}
    for name in parameters:
        if name in known:
            yield f"`{name}`: {known[name]}"


def attributes(kind: Any, names: list[str]) -> Iterator[str]:
    """Rows of the attributes."""
    there = [f"`{name}`" for name in names if refusal(kind, name) is None]
    if there:
        yield f"attributes {', '.join(there)} | supported | "
    for name in names:
        if refusal(kind, name) is not None:
            yield f"`{name}` | not there: {refusal(kind, name)} | "
