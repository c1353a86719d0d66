"""The columns that CatBoost makes of categories: whether it is a certain one, and statistics from training, also of combinations.

CatBoost's export of a model as Python code (`save_model(format="python")`) has the whole computation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnxport.converter.inside.catboost.combinations import as_summand, key_of
from onnxport.converter.inside.catboost.tables import Counts
from onnxport.converter.interface import ConversionRefused

_BITS = 0xFFFF_FFFF
_MEANS = {"BinarizedTargetMeanValue", "FloatTargetMeanValue"}
_COUNTERS = {"Counter", "FeatureFreq"}


@dataclass(frozen=True)
class Condition:
    """What a combination has beside its categories: a number is above `border`, or a category is the one with the hash `category`."""

    column: int
    border: float | None = None
    category: int | None = None


@dataclass(frozen=True)
class Derived:
    """Columns that are made of the same categories and conditions: a row of `values` per known combination, by its key; else `otherwise`.

    `columns` are the places of the columns of categories. `keys` [n] are uint64 and all different, `values` [n, width] float32.
    """

    columns: tuple[int, ...]
    conditions: tuple[Condition, ...]
    keys: Any
    values: Any
    otherwise: Any


@dataclass(frozen=True)
class Splits:
    """Where the splits of trees find what they compare: in `derived`, whose columns are counted from `first` on.

    `categories` has them by column and hash, `statistics` by the number of the split less `before`.
    """

    derived: tuple[Derived, ...]
    categories: Mapping[tuple[int, int], int]
    statistics: tuple[tuple[int, float], ...]
    before: int

    def column_and_border(self, split: Mapping[str, Any]) -> tuple[int, float]:
        """What a split compares, and with what: above is right."""
        if split["split_type"] == "OneHotFeature":
            return self.categories[int(split["cat_feature_index"]), int(split["value"])], 0.5
        if split["split_type"] == "OnlineCtr":
            column, border = self.statistics[int(split["split_index"]) - self.before]
            if border == np.float32(split["border"]):
                return column, border
        raise ConversionRefused(
            f"the model has a split of the kind '{split['split_type']}' that this converter cannot place",
            "Save the model again with the CatBoost that trained it, as .cbm, and convert that.",
        )


def read_splits(information: Mapping[str, Any], counts: Sequence[Counts], first: int) -> Splits:
    """What `features_info` says about categories; `first` is the place that the first column made of them gets."""
    floats = {
        e["feature_index"]: e["flat_feature_index"] for e in information.get("float_features", ())
    }
    categorical = information.get("categorical_features", ())
    flat = {entry["feature_index"]: entry["flat_feature_index"] for entry in categorical}
    certain = [
        (int(entry["feature_index"]), int(value))
        for entry in categorical
        for value in entry.get("values", ())
    ]
    made = [_certain(flat[column], value) for column, value in certain]
    statistics = information.get("ctrs", ())
    for entry, table in zip(statistics, counts, strict=True):
        columns, conditions = _parts(entry["elements"], floats, flat)
        made.append(Derived(columns, conditions, *_statistic(entry, table)))
    derived, places = _together(made, first)
    borders = [
        (place, float(np.float32(border)))
        for entry, place in zip(statistics, places[len(certain) :], strict=True)
        for border in entry["borders"] or ()
    ]
    numbers = sum(len(entry["borders"] or ()) for entry in information.get("float_features", ()))
    return Splits(
        derived,
        dict(zip(certain, places, strict=False)),
        tuple(borders),
        numbers + len(certain),
    )


def _certain(column: int, value: int) -> Derived:
    key = key_of([as_summand([value & _BITS])])
    return Derived((column,), (), key, np.ones((1, 1), np.float32), np.zeros(1, np.float32))


def _parts(
    elements: Sequence[Mapping[str, Any]], floats: Mapping[int, int], flat: Mapping[int, int]
) -> tuple[tuple[int, ...], tuple[Condition, ...]]:
    columns, conditions = [], []
    for element in elements:
        match element["combination_element"]:
            case "cat_feature_value":
                columns.append(flat[element["cat_feature_index"]])
            case "float_feature":
                column = floats[element["float_feature_index"]]
                conditions.append(Condition(column, border=float(element["border"])))
            case "cat_feature_exact_value":
                column = flat[element["cat_feature_index"]]
                category = int(element["value"]) & _BITS
                conditions.append(Condition(column, category=category))
            case other:
                raise ConversionRefused(
                    f"the model combines categories with something of the kind '{other}', which this converter does not know",
                    "Train it with CatBoost 1.2.",
                )
    return tuple(columns), tuple(conditions)


def _statistic(entry: Mapping[str, Any], table: Counts) -> tuple[Any, Any, Any]:
    """The keys, the value for each, and that of what is not among them. Everything is float32, as in CatBoost."""
    counts = table.counts
    kind, target = entry["ctr_type"], int(entry["target_border_idx"])
    nothing = 0.0
    if kind in _MEANS:
        good, total = counts
    elif kind in _COUNTERS:
        nothing = float(table.most)
        good, total = counts[0], np.full(len(table.keys), nothing)
    elif kind == "Buckets":
        good, total = counts[target], counts.sum(axis=0)
    elif kind == "Borders":
        above = target + 1 if len(counts) > 2 else 1
        good, total = counts[above:].sum(axis=0), counts.sum(axis=0)
    else:
        raise ConversionRefused(
            f"the model has statistics of categories of the kind '{kind}', which this converter does not know",
            "Train it with simple_ctr and combinations_ctr of Borders, Buckets, BinarizedTargetMeanValue or Counter.",
        )
    values = _weighed(entry, np.append(good, 0.0), np.append(total, nothing))
    return table.keys, values[:-1, np.newaxis], values[-1:]


def _weighed(entry: Mapping[str, Any], good: Any, total: Any) -> Any:
    prior, added = np.float32(entry["prior_numerator"]), np.float32(entry["prior_denomerator"])
    share = (good.astype(np.float32) + prior) / (total.astype(np.float32) + added)
    return (share + np.float32(entry["shift"])) * np.float32(entry["scale"])


def _together(made: Sequence[Derived], first: int) -> tuple[tuple[Derived, ...], tuple[int, ...]]:
    """The columns of the same categories and conditions as one, and the place of each."""
    groups: dict[Any, list[int]] = {}
    for number, column in enumerate(made):
        groups.setdefault((column.columns, column.conditions), []).append(number)
    places = [0] * len(made)
    for place, number in enumerate(n for numbers in groups.values() for n in numbers):
        places[number] = first + place
    return tuple(_group([made[n] for n in numbers]) for numbers in groups.values()), tuple(places)


def _group(made: Sequence[Derived]) -> Derived:
    keys = np.unique(np.concatenate([column.keys for column in made]))
    otherwise = np.concatenate([column.otherwise for column in made])
    values = np.tile(otherwise, (len(keys), 1))
    for number, column in enumerate(made):
        values[np.searchsorted(keys, column.keys), number] = column.values[:, 0]
    return Derived(made[0].columns, made[0].conditions, keys, values, otherwise)


def borders_of(derived: Sequence[Derived]) -> Iterator[tuple[int, float]]:
    """The columns of numbers that conditions compare, and with what."""
    for group in derived:
        for condition in group.conditions:
            if condition.border is not None:
                yield condition.column, condition.border
