"""The directory that a script runs in, laid out as Azure ML lays it out, and the environment variables that tell the script about it.

<app root>/<code>                             a copy: the script may write beside itself, the bundle never changes
<app root>/azureml-models/<name>/<version>    the model's files
"""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

MODELS = "azureml-models"


def lay_out(manifest: dict[str, Any], bundle: str, app_root: str) -> tuple[str, str | None]:
    """Fill an empty directory.

    Returns:
        The path of the script, and of the source directory if there is one.
    """
    code = manifest["code"]
    shutil.copytree(
        os.path.join(bundle, code["directory"]),
        app_root,
        dirs_exist_ok=True,
        copy_function=_copy_writable,
    )
    for model in manifest["models"]:
        place = os.path.join(app_root, MODELS, model["name"], str(model["version"]))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if not os.path.islink(place):
            os.symlink(os.path.join(bundle, model["path"]), place)
    os.makedirs(os.path.join(app_root, MODELS), exist_ok=True)
    source = code.get("source_directory")
    return (
        os.path.join(app_root, code["entry_script"]),
        None if source is None else os.path.join(app_root, source),
    )


def variables(manifest: dict[str, Any], app_root: str) -> dict[str, str]:
    """What the script finds in its environment; the variables that its environment file states come on top."""
    models = manifest["models"]
    folder = os.path.join(app_root, MODELS)
    if len(models) == 1:
        folder = os.path.join(folder, models[0]["name"], str(models[0]["version"]))
    files = [
        {
            "name": model["name"],
            "version": model["version"],
            "file": model.get("file"),
            "proof": model.get("proof"),
        }
        for model in models
    ]
    environment = manifest.get("environment") or {}
    return {
        "AML_APP_ROOT": app_root,
        "AZUREML_MODEL_DIR": folder,
        "AZUREML_ENTRY_SCRIPT": manifest["code"]["entry_script"],
        "ONNXPORT_MODEL_FILES": json.dumps(files),
        **environment.get("variables", {}),
    }


def _copy_writable(source: str, target: str) -> str:
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if os.access(source, os.X_OK) else 0o644)
    return target
