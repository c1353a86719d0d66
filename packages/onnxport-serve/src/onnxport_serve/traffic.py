"""Which revision answers a request that names none: smooth weighted round robin, unrolled at load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from math import gcd


def unroll(weights: Mapping[int, int]) -> tuple[int, ...]:
    """One round of revision numbers in which each appears exactly as often as its weight says, spread evenly.

    Weights are reduced by their greatest common divisor, so a round has at most 100 steps for percents. Revisions
    with weight 0 do not appear. At each step every revision gains its weight, the richest is taken and pays the total.
    Source: the algorithm of nginx's upstream balancer.
    """
    shared = gcd(*weights.values())
    shares = {number: weight // shared for number, weight in sorted(weights.items()) if weight}
    total = sum(shares.values())
    credit = dict.fromkeys(shares, 0)
    round_: list[int] = []
    for _ in range(total):
        for number, share in shares.items():
            credit[number] += share
        chosen = max(credit, key=lambda number: credit[number])
        credit[chosen] -= total
        round_.append(chosen)
    return tuple(round_)


def rotate(weights: Mapping[int, int]) -> Iterator[int]:
    """Revision numbers without end, in the shares of the weights."""
    return cycle(unroll(weights))
