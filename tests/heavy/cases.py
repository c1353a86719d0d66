"""Real models with inputs and expected outputs, from a folder of cases beside the checkout where there is one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parents[3] / "shared" / "models"
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Value:
    """A named tensor, or a list of maps (`array` is `None`)."""

    name: str
    array: Array | None
    plain: Any


@dataclass(frozen=True)
class Request:
    """One request with what the model says to it."""

    inputs: tuple[Value, ...]
    expected: tuple[Value, ...]
    tolerance: float


@dataclass(frozen=True)
class Case:
    """One model folder."""

    name: str
    folder: Path
    serves: bool
    requests: tuple[Request, ...]


def read_cases(serves: bool) -> list[Case]:
    """The cases to serve, or those to refuse; empty where there is no folder of cases."""
    documents = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/case.json"))
    ]
    return [_case(document) for document in documents if (document["expect"] == "serve") == serves]


def _case(document: dict[str, Any]) -> Case:
    folder = FOLDER / document["name"]
    requests = tuple(_request(folder, entry) for entry in document.get("sets", []))
    return Case(document["name"], folder, document["expect"] == "serve", requests)


def _request(folder: Path, entry: dict[str, Any]) -> Request:
    data = folder / f"test_data_set_{entry['n']}"
    plain = json.loads((data / "io.json").read_text(encoding="utf-8"))
    files = entry["files"]
    return Request(
        tuple(_value(data, name, file, plain["inputs"]) for name, file in files["inputs"].items()),
        tuple(
            _value(data, name, file, plain["expected"]) for name, file in files["expected"].items()
        ),
        entry.get("tolerance_abs") or 0.0,
    )


def _value(data: Path, name: str, file: str, plain: dict[str, Any]) -> Value:
    if file.endswith(".npy"):
        array = np.load(data / file)
        return Value(name, array, array.tolist())
    value = _without_markers(plain[name])
    is_text = _leaf(value) is str
    return Value(name, np.array(value, dtype=object) if is_text else None, value)


def _without_markers(value: Any) -> Any:
    """Maps as JSON objects: keys become text."""
    if isinstance(value, dict):
        return {str(key): item for key, item in value["__map__"]}
    return [_without_markers(item) for item in value] if isinstance(value, list) else value


def _leaf(value: Any) -> type:
    while isinstance(value, list) and value:
        value = value[0]
    return type(value)
