"""Text to try a model on: words that its table knows and some that it does not, alone or as sentences."""

import string
from typing import Any

import numpy as np

from onnxport.converter.inside.tensorflow.knowledge import Known

_WORDS = ("", "a", "model", "of", "words", "something else")
_MOST_KNOWN = 10_000
_LONGEST = 12
_BETWEEN = (" ", " ", " ", "  ", "\t", "\n", ", ", ". ", "-")
_OTHER_ALPHABETS = ("\u00dcber", "\u00c9T\u00c9", "\u65e5\u672c")


def words(known: Known, shape: tuple[int, ...], random: Any) -> Any:
    """Texts of one word each, or of several where the model takes them apart."""
    keys = [] if known.values is None else list(known.values[:_MOST_KNOWN])
    told = [k.decode("utf-8", "replace") if isinstance(k, bytes) else str(k) for k in keys]
    choices = np.array([*told, *_WORDS])
    weights = np.array([3.0] * len(told) + [1.0] * len(_WORDS))
    share = weights / weights.sum()
    if not known.sentences:
        return random.choice(choices, shape, p=share)
    texts = [
        _sentence(random.choice(choices, random.integers(0, _LONGEST), p=share), random)
        for _ in range(int(np.prod(shape)))
    ]
    return np.array(texts, str).reshape(shape)


def _sentence(chosen: Any, random: Any) -> str:
    """The words with marks, gaps and capitals as people write them, and now and then letters of other alphabets."""
    made = random.choice(_BETWEEN) if random.random() < 0.2 else ""
    for word in chosen:
        kind = random.random()
        written = word.upper() if kind < 0.1 else word.capitalize() if kind < 0.3 else word
        if kind > 0.95:
            written = str(random.choice(_OTHER_ALPHABETS))
        if random.random() < 0.2:
            written += str(random.choice(list(string.punctuation)))
        made += written + str(random.choice(_BETWEEN))
    return str(made)
