"""Names of run configurations: the constants are there, running is not."""

from azureml._not_provided import Absent

DEFAULT_CPU_IMAGE = "onnxport/none-cpu"
DEFAULT_GPU_IMAGE = "onnxport/none-gpu"
NOT_YET = (
    "Runs are not there yet; train where you are, then register the file: Model.register(...)."
)


class RunConfiguration(metaclass=Absent):
    """How a script would run; not there."""

    instead = NOT_YET


class DockerConfiguration(metaclass=Absent):
    """How a script would run in a container; not there."""

    instead = NOT_YET


class ContainerRegistry:
    """Where a base image would come from; accepted, and told as unmet with the base image."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.username: str | None = None
        self.password: str | None = None
