"""The categories behind the hashes that a CatBoost model keeps: from its file, the user's sample, or, for whole numbers, by trying."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from onnxport.converter.inside.catboost.combinations import (
    TooManyCombinations,
    as_summand,
    explained,
    hash_in,
)
from onnxport.converter.inside.catboost.derived import Derived
from onnxport.converter.inside.catboost.read import Model
from onnxport.converter.inside.catboost.sample import renditions, sample_columns
from onnxport.converter.interface import ConversionRefused, Job

_TRIED = (*map(str, range(-1000, 20_000)), "nan", "None", "", "NaN", "missing", "unknown")
_FILE, _SAMPLE, _GUESS = "the file", "the sample", "trying whole numbers"
_REMEDY = (
    'Save the model with its categories, model.save_model("model.json", format="json", pool=pool) with the training data as a Pool, '
    "or give rows with every category of its columns: --sample FILE, or the example of onnxport.convert."
)


@dataclass(frozen=True)
class Categories:
    """A column of categories: its place, the texts that lead to anything with the number of each, the hash of each number.

    Texts of one number are the same to CatBoost. What is not listed has the number `size`. `is_whole` says that all are whole numbers.
    """

    place: int
    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    hashes: tuple[int, ...]
    is_whole: bool

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self.hashes)


@dataclass(frozen=True)
class Table:
    """What a `Derived` becomes: for each known combination the numbers of its parts, [known, parts], and its values; else `otherwise`."""

    columns: tuple[int, ...]
    derived: Derived
    parts: Any
    values: Any


@dataclass(frozen=True)
class Vocabulary:
    """All columns of categories that the model looks at, by place; the tables over them, in the order of `Model.derived`; remarks.

    `gap` says how many categories and combinations could not be told: the model answers them as if it had never seen them.
    """

    columns: Mapping[int, Categories]
    tables: tuple[Table, ...]
    remarks: tuple[str, ...]
    gap: str


def vocabulary_of(model: Model, job: Job) -> Vocabulary:
    """Find the categories. Raises `ConversionRefused` where most of them are not known."""
    used = sorted(_columns_in(model.derived))
    texts, source = _texts(model, job, used)
    hashes = hashes_of({text for found in texts.values() for text in found})
    known = {place: _known_hashes(model.derived, place) for place in used}
    if source != _SAMPLE:
        # One list for all columns.
        takes_any = source == _FILE
        texts = {
            place: [
                text
                for text in found
                if hashes[text] in known[place] or (takes_any and not known[place])
            ]
            for place, found in texts.items()
        }
    choices = {
        place: np.unique(np.array([hashes[text] for text in texts[place]], np.uint32))
        for place in used
    }
    tables = [_table(group, choices) for group in model.derived]
    missing = _shares(model, source, known, choices, tables)
    kept = {place: _kept(place, choices[place], tables) for place in used}
    numbers = _given_as_numbers(job, model, used)
    columns = {
        place: _categories(place, texts[place], hashes, kept[place], whole=place in numbers)
        for place in used
    }
    listed = ", ".join(f"'{model.names[p]}' ({columns[p].size})" for p in used[:8])
    dots = ", ..." if len(used) > 8 else ""
    remark = f"the categories of {listed}{dots} are known from {source}; any other is answered as CatBoost answers one that it never saw"
    renumbered = tuple(_renumbered(table, choices, kept) for table in tables)
    return Vocabulary(columns, renumbered, (remark,) if used else (), _gap(missing))


def hashes_of(texts: Iterable[str]) -> dict[str, int]:
    """CatBoost's own hashes of texts, which it tells where a model is saved with the rows of a pool."""
    import catboost

    ordered = sorted(texts)
    if not ordered:
        return {}
    settings = {"iterations": 1, "depth": 1, "thread_count": 1, "verbose": 0}
    probe = catboost.CatBoostRegressor(cat_features=[0], allow_writing_files=False, **settings)
    probe.fit([["a"], ["b"]], [0, 1])
    rows = np.array(ordered, object).reshape(-1, 1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "probe.json"
        probe.save_model(str(path), format="json", pool=catboost.Pool(rows, cat_features=[0]))
        return _file_hashes(path)


def _file_hashes(path: Path) -> dict[str, int]:
    document = json.loads(path.read_bytes())
    listed = document["features_info"].get("cat_features_hash", ())
    return {entry["value"]: int(entry["hash"]) for entry in listed}


def _columns_in(derived: Sequence[Derived]) -> set[int]:
    found = {column for group in derived for column in group.columns}
    conditions = (c for group in derived for c in group.conditions)
    return found | {c.column for c in conditions if c.category is not None}


def _texts(model: Model, job: Job, used: Sequence[int]) -> tuple[dict[int, list[str]], str]:
    """What may be categories of each column, and where it comes from."""
    if job.kind == "json" and (listed := _file_hashes(job.source)):
        return {place: sorted(listed) for place in used}, _FILE
    if job.sample is None:
        return {place: list(_TRIED) for place in used}, _GUESS
    arrays = sample_columns(job.sample, model.names, used)
    return {place: _best_rendition(model, place, arrays[place]) for place in used}, _SAMPLE


def _best_rendition(model: Model, place: int, values: Any) -> list[str]:
    """The distinct values as texts: of several ways to write them the one that the model knows best."""
    ways = [sorted(set(texts)) for texts in renditions(values)]
    if len(ways) == 1:
        return ways[0]
    hashes = hashes_of(text for way in ways for text in way)
    known = _known_hashes(model.derived, place)
    return max(ways, key=lambda way: sum(hashes[text] in known for text in way))


def _known_hashes(derived: Sequence[Derived], place: int) -> set[int]:
    """The hashes of the column's categories that the model names one by one."""
    found: set[int] = set()
    for group in derived:
        if group.columns == (place,) and not group.conditions:
            found.update(hash_in(group.keys).tolist())
        found.update(
            c.category for c in group.conditions if c.column == place and c.category is not None
        )
    return found


def _table(group: Derived, choices: Mapping[int, Any]) -> Table:
    parts = [as_summand(choices[column]) for column in group.columns]
    parts += [np.array([0, 1], np.uint64)] * len(group.conditions)
    try:
        places, numbers = explained(group.keys, parts)
    except TooManyCombinations:
        raise ConversionRefused(
            f"the model combines {len(group.columns)} columns of {', '.join(str(len(part)) for part in parts)} categories: "
            "which of their combinations it learned cannot be told in reasonable time",
            "Train it with max_ctr_complexity=1 or 2, or give a sample with fewer categories.",
        ) from None
    return Table(group.columns, group, numbers, group.values[places])


def _shares(
    model: Model,
    source: str,
    known: Mapping[int, set[int]],
    choices: Mapping[int, Any],
    tables: Sequence[Table],
) -> list[str]:
    """What the model knows and could not be told. Raises `ConversionRefused` where that is too much."""
    made = []
    for place, hashes in known.items():
        found = len(hashes & set(choices[place].tolist()))
        made += _share(
            f"categories of the column '{model.names[place]}'", found, len(hashes), source
        )
    for columns, group in _by_columns(tables).items():
        names = " and ".join(f"'{model.names[column]}'" for column in columns)
        found = sum(len(table.values) for table in group)
        learned = sum(len(table.derived.keys) for table in group)
        made += _share(f"combinations with the categories of {names}", found, learned, source)
    return made


def _by_columns(tables: Sequence[Table]) -> dict[tuple[int, ...], list[Table]]:
    found: dict[tuple[int, ...], list[Table]] = {}
    for table in tables:
        if len(table.columns) > 1 or table.derived.conditions:
            found.setdefault(table.columns, []).append(table)
    return found


def _share(what: str, found: int, known: int, source: str) -> list[str]:
    if found == known:
        return []
    keeps = "the model keeps hashes of its categories, not the categories"
    # What was found by trying is no more than a guess where it does not explain all.
    if source == _GUESS:
        raise ConversionRefused(f"{keeps}, and the {what} are not all small whole numbers", _REMEDY)
    if 2 * found < known:
        told = f"{found or 'none'} of its {known} {what} could be told from {source}"
        raise ConversionRefused(f"{keeps}: {told}", _REMEDY)
    return [f"{found} of the model's {known} {what} could be told from {source}"]


def _gap(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    dots = ", ..." if len(missing) > 4 else ""
    return (
        f"only {', '.join(missing[:4])}{dots}; the others would be answered as if the model had never seen them: "
        "give rows with every category that it was trained on (--sample FILE)"
    )


def _given_as_numbers(job: Job, model: Model, used: Sequence[int]) -> set[int]:
    """The columns that are not given as texts."""
    if job.sample is None:
        return set(used)
    arrays = sample_columns(job.sample, model.names, used)
    return {place for place in used if arrays[place].dtype.kind in "biuf"}


def _kept(place: int, choices: Any, tables: Sequence[Table]) -> Any:
    """The hashes among the column's `choices` that lead to anything, in order."""
    hit = [t.parts[:, at] for t in tables for at, c in enumerate(t.columns) if c == place]
    wanted = [
        condition.category
        for table in tables
        for condition in table.derived.conditions
        if condition.column == place and condition.category is not None
    ]
    found = np.flatnonzero(np.isin(choices, np.array(wanted, np.uint32)))
    return choices[np.unique(np.concatenate([*hit, found]).astype(np.int64))]


def _categories(
    place: int, texts: Sequence[str], hashes: Mapping[str, int], kept: Any, *, whole: bool
) -> Categories:
    number_of = {int(value): number for number, value in enumerate(kept)}
    pairs = [(text, number_of[hashes[text]]) for text in sorted(texts) if hashes[text] in number_of]
    return Categories(
        place,
        tuple(text for text, _ in pairs),
        tuple(number for _, number in pairs),
        tuple(int(value) for value in kept),
        whole and bool(pairs) and all(_is_whole(text) for text, _ in pairs),
    )


def _renumbered(table: Table, choices: Mapping[int, Any], kept: Mapping[int, Any]) -> Table:
    """With the numbers of kept categories instead of their places in `choices`."""
    parts = table.parts.copy()
    for at, column in enumerate(table.columns):
        parts[:, at] = np.searchsorted(kept[column], choices[column][parts[:, at]])
    return replace(table, parts=parts)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        return False
    return str(int(text)) == text
