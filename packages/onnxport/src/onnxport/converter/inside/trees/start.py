"""Starting a framework of boosted trees without what it only needs for its estimators."""

import sys


def without_sklearn() -> None:
    """Let the framework be imported as if scikit-learn were not there: importing that takes most of its start, and only pickles need it."""
    # `None` makes the import fail as it does where the package is not installed.
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]
