"""CatBoost's keys of combinations, and what makes them: keys are sums, so the two halves of a combination meet in the middle."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

# CatBoost's own constant; its export of a model as Python code has the whole computation (`calc_hash`).
_FACTOR = np.uint64(0x4906BA494954CB65)
_MOST_STEPS = 200_000_000


class TooManyCombinations(Exception):
    """What would have to be tried is too much."""


def as_summand(hashes: Any) -> Any:
    """Hashes of 32 bits as they enter a sum: with their sign, modulo 2^64."""
    return np.asarray(hashes, np.uint32).view(np.int32).astype(np.int64).view(np.uint64)


def key_of(summands: Sequence[Any]) -> Any:
    """The key of a combination, or of many at once (arrays of one length): of its categories, then of its conditions (0 or 1)."""
    total = np.zeros_like(np.asarray(summands[0], np.uint64))
    for summand in summands:
        total = _FACTOR * (total + _FACTOR * np.asarray(summand, np.uint64))
    return total


def hash_in(keys: Any) -> Any:
    """The hashes of 32 bits in the keys of combinations of one category."""
    inverse = np.uint64(pow(int(_FACTOR), -2, 1 << 64))
    return (np.asarray(keys, np.uint64) * inverse).astype(np.uint32)


def explained(keys: Any, choices: Sequence[Any]) -> tuple[Any, Any]:
    """Which of the keys are combinations of the choices.

    Args:
        keys: the keys, all different, uint64 [n].
        choices: for each part of a combination what it can be, uint64, all different.

    Returns:
        The places in `keys`, [found], and for each the places in the choices, [found, parts].

    Raises `TooManyCombinations`.
    """
    sizes = [len(part) for part in choices]
    if not len(keys) or 0 in sizes:
        return np.zeros(0, np.int64), np.zeros((0, len(sizes)), np.int64)
    split = _cheapest_split(len(keys), sizes)
    left, right = _sums(choices, range(split)), _sums(choices, range(split, len(sizes)))
    order = np.argsort(left)
    found = []
    for place, summand in enumerate(right.tolist()):
        wanted = keys - np.uint64(summand)
        at = np.searchsorted(left, wanted, sorter=order).clip(max=len(left) - 1)
        hits = np.flatnonzero(left[order[at]] == wanted)
        found.append(np.stack([hits, order[at[hits]] * len(right) + place], axis=1))
    places, numbers = np.concatenate(found).T
    by_key = np.argsort(places, kind="stable")
    digits = np.stack(np.unravel_index(numbers[by_key], sizes), axis=1)
    return places[by_key], digits


def _cheapest_split(keys: int, sizes: Sequence[int]) -> int:
    """How many parts the left half has."""
    costs = {
        split: math.prod(sizes[:split]) + math.prod(sizes[split:]) * keys
        for split in range(1, len(sizes) + 1)
    }
    best = min(costs, key=lambda split: costs[split])
    if costs[best] > _MOST_STEPS:
        raise TooManyCombinations
    return best


def _sums(choices: Sequence[Any], parts: range) -> Any:
    """What each choice of these parts adds to the key, in the order of `numpy.unravel_index`."""
    total = np.zeros(1, np.uint64)
    for part in parts:
        weight = np.uint64(pow(int(_FACTOR), len(choices) - part + 1, 1 << 64))
        added = np.asarray(choices[part], np.uint64) * weight
        total = (total[:, np.newaxis] + added).reshape(-1)
    return total
