"""Small wheels in a folder, and requirements files that find them there and nowhere else."""

import zipfile
from collections.abc import Sequence
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, requires: Sequence[str] = ()) -> Path:
    """A wheel for every Python with one module that knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-py3-none-any.whl"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}.py", f"version = {version!r}\n")
        archive.writestr(f"{info}/METADATA", "".join(metadata))
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def write_requirements(path: Path, wheels: Path, *lines: str) -> Path:
    """A requirements file whose packages come from a folder only."""
    path.write_text("\n".join(["--no-index", f"--find-links={wheels}", *lines, ""]))
    return path
