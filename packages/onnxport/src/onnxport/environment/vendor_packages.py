"""Packages of the vendor whose service onnxport replaces: what scripts import of them is provided, so they are never downloaded."""

import re
from dataclasses import replace

from onnxport.environment.statements import Statements

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_VENDOR = re.compile(r"azureml(-.*)?\Z")
_WITH_SCHEMA = {"azureml-defaults", "azureml-inference-server-http"}
_SCHEMA = "inference-schema"

_KNOWN = """
    accel-models ai-monitoring automl-common automl-common-tools automl-core automl-core-runtime
    automl-dnn-nlp automl-dnn-vision automl-runtime cli cli-common contrib-aisc
    contrib-automl-dnn-forecasting contrib-automl-dnn-vision contrib-automl-pipeline-steps
    contrib-daskonazureml contrib-datadrift contrib-dataset contrib-explain-model contrib-fairness
    contrib-functions contrib-gbdt contrib-interpret contrib-k8s contrib-mir contrib-notebook
    contrib-opendatasets contrib-optimization contrib-pipeline-steps contrib-reinforcementlearning
    contrib-run contrib-server contrib-services contrib-tensorboard core datadrift dataprep
    dataprep-native dataprep-rslex dataset-runtime defaults evaluate-mlflow explain-model featurestore
    fsspec inference-server inference-server-http interpret metrics mlflow model-management-sdk
    monitoring opendatasets pipeline pipeline-core pipeline-steps rai-utils responsibleai samples sdk
    synapse telemetry tensorboard train train-automl train-automl-client train-automl-runtime train-core
    train-restclients-hyperdrive training-tabular widgets
"""
KNOWN_VENDOR_PACKAGES = tuple(f"azureml-{name}" for name in _KNOWN.split())
"""Names on PyPI as far as they are known; kept from being asked for when another package depends on one."""


def canonical_name(requirement: str) -> str | None:
    """The normalised name that a requirement begins with; `None` where it begins with none."""
    match = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match[1]).lower() if match else None


def is_vendor_package(name: str | None) -> bool:
    """Whether a normalised name is one of the vendor's."""
    return name is not None and _VENDOR.match(name) is not None


def without_vendor_packages(stated: Statements) -> Statements:
    """The statements without the vendor's packages; `inference-schema` takes the place of those that bring it."""
    names = {text: canonical_name(text) for text in stated.requirements}
    kept = tuple(text for text in stated.requirements if not is_vendor_package(names[text]))
    gone = dict.fromkeys(name for name in names.values() if name and is_vendor_package(name))
    if not _WITH_SCHEMA.isdisjoint(gone) and _SCHEMA not in names.values():
        kept += (_SCHEMA,)
    return replace(
        stated,
        requirements=kept,
        constraints=tuple(
            text for text in stated.constraints if not is_vendor_package(canonical_name(text))
        ),
        notices=stated.notices
        + tuple(f"{name} is provided by onnxport and not downloaded" for name in gone),
    )
