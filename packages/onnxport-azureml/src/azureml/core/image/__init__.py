"""Images: scoring code built once, with its models and its environment, to be deployed as often as wanted."""

from azureml.core.image.container import ContainerImage, ContainerImageConfig
from azureml.core.image.image import Image

__all__ = ["ContainerImage", "ContainerImageConfig", "Image"]
