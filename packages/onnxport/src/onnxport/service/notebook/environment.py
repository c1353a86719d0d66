"""The environment of a notebook's kernel: what a file or the cells ask for, IPython's kernel, and what onnxport's own modules need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement

from onnxport.environment.python_version import check_python, minor_of, running_python
from onnxport.environment.specification import EnvironmentSpecification, read_specification
from onnxport.environment.store import EnvironmentStore
from onnxport.environment.uv import Say
from onnxport.environment.vendor_packages import canonical_name, is_vendor_package
from onnxport.notebook.document import Notebook
from onnxport.notebook.imports import imported_modules
from onnxport.notebook.kernel import OLDEST_PYTHON_OF_MODULES
from onnxport.notebook.module_table import requirements_of
from onnxport.notebook.plain_python import installed_words

AUTO = "auto"
RUNNER = EnvironmentSpecification(
    None,
    ("nbclient>=0.10,<1", "nbformat>=5.10,<6", "jupyter-client>=8.6,<9"),
    source_name="the notebook runner",
)
"""What runs cells: it talks to the kernel over a protocol, so that it shares no package with it."""

_KERNEL = ("ipykernel>=6.20",)
_USUAL = (
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "requests",
)
_DISTRIBUTIONS = ("onnxport", "onnxport-azureml")
_SHARED = {"numpy", "onnx", "pillow", "packaging", "pyyaml"}
"""What notebooks pin as well: their versions win, onnxport only names the packages."""


@dataclass(frozen=True, slots=True)
class KernelEnvironment:
    """What a kernel's environment is to hold.

    Attributes:
        specification: all of it.
        python: the Python that is asked for, `None` where any will do.
        has_modules: whether onnxport's own modules can be imported there.
        notices: what was chosen or left out, in sentences.
    """

    specification: EnvironmentSpecification
    python: str | None
    has_modules: bool
    notices: tuple[str, ...]

    @property
    def variables(self) -> Mapping[str, str]:
        """Those that the environment file sets."""
        return self.specification.variables

    def build(self, store: EnvironmentStore, say: Say) -> Path:
        """The interpreter of the environment, built unless it is there; raises what `EnvironmentStore` raises."""
        return build(store, self.specification, say, self.python)


def kernel_environment(
    env: str | Path, python: str | None, notebook: Notebook | None = None
) -> KernelEnvironment:
    """What the kernel of a notebook needs.

    Args:
        env: a conda or requirements file, or `auto`: what the cells import.
        python: the Python that a person named.
        notebook: the notebook; without one `auto` is what notebooks about ONNX usually import.

    Raises:
        UserError: the file or the Python cannot be used; see `onnxport.environment.specification_errors`.
    """
    named = None if python is None else check_python(python)
    asked = _of_cells(notebook) if str(env) == AUTO else read_specification(env)
    notices = list(asked.notices)
    wanted = named or asked.python
    if wanted is None or minor_of(wanted) >= OLDEST_PYTHON_OF_MODULES:
        has_modules = True
    elif has_modules := named is None:
        wanted = running_python()
        notices.append(
            f"Python {asked.python} is too old for the azureml modules: {wanted} is taken; --python {asked.python} insists"
        )
    else:
        notices.append(f"the azureml modules cannot be imported in Python {wanted}: 3.11 is needed")
    own = own_requirements() if has_modules else ()
    requirements = (*asked.requirements, *_missing(asked.requirements, (*_KERNEL, *own)))
    specification = replace(asked, requirements=requirements)
    return KernelEnvironment(specification, wanted, has_modules, tuple(notices))


def own_requirements() -> tuple[str, ...]:
    """What onnxport's own modules need in a kernel, sorted."""
    found: dict[str, str] = {}
    for distribution in _DISTRIBUTIONS:
        for requirement in map(Requirement, _stated_by(distribution)):
            name = canonical_name(requirement.name) or requirement.name
            extra = requirement.marker is not None and "extra" in str(requirement.marker)
            if not name.startswith("onnxport") and not extra:
                found[name] = name if name in _SHARED else str(requirement)
    return tuple(sorted(found.values()))


def build(
    store: EnvironmentStore, specification: EnvironmentSpecification, say: Say, python: str | None
) -> Path:
    """The interpreter of the environment of a specification."""
    locked = store.lock(specification, python=python, say=say)
    for notice in locked.specification.notices[len(specification.notices) :]:
        say(notice)
    name = specification.source_name
    place = store.ensure(locked.text, locked.python, specification.options, say, name)
    return place / "bin" / "python"


def _of_cells(notebook: Notebook | None) -> EnvironmentSpecification:
    if notebook is None:
        return EnvironmentSpecification(None, _USUAL, source_name="the kernel")
    sources = [cell.source for cell in notebook.cells]
    words = [word for source in sources for word in installed_words(source)]
    installed = [word for word in words if not is_vendor_package(canonical_name(word))]
    found = requirements_of(imported_modules(sources, notebook.path.parent), installed)
    unknown = tuple(
        f"it is not known which package provides the module {name}: a cell that imports it will fail; name it in a file with --env"
        for name in found.unknown
    )
    return EnvironmentSpecification(
        found.python,
        found.requirements,
        source_name=f"{notebook.path.name}'s imports",
        notices=(*found.notices, *unknown),
    )


def _missing(stated: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The requirements that are wanted and not stated under any version."""
    names = {canonical_name(text) for text in stated}
    return [text for text in wanted if canonical_name(text) not in names]


def _stated_by(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except PackageNotFoundError:
        return []
