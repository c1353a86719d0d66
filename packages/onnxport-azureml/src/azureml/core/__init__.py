"""The names that `azureml.core` has."""

from azureml.core.compute import ComputeTarget
from azureml.core.data import (
    Dataset,
    Datastore,
    Keyvault,
    LinkedService,
    PrivateEndPoint,
    PrivateEndPointConfig,
)
from azureml.core.environment import Environment
from azureml.core.experiment import Experiment
from azureml.core.image import Image
from azureml.core.model import Model
from azureml.core.run import Run, get_run
from azureml.core.runconfig import ContainerRegistry, RunConfiguration
from azureml.core.script_run import ScriptRun
from azureml.core.script_run_config import ScriptRunConfig
from azureml.core.webservice import Webservice
from azureml.core.workspace import Workspace

VERSION = "1.61.0"
"""The release of the vendor's SDK whose names these modules have."""
__version__ = VERSION

__all__ = [
    "VERSION",
    "ComputeTarget",
    "ContainerRegistry",
    "Dataset",
    "Datastore",
    "Environment",
    "Experiment",
    "Image",
    "Keyvault",
    "LinkedService",
    "Model",
    "PrivateEndPoint",
    "PrivateEndPointConfig",
    "Run",
    "RunConfiguration",
    "ScriptRun",
    "ScriptRunConfig",
    "Webservice",
    "Workspace",
    "get_run",
]
