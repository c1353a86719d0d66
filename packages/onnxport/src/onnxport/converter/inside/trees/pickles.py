"""Opening a pickle or joblib file of a booster or an estimator."""

from typing import Any

from onnxport.converter.interface import ConversionRefused, Job


def load_pickle(job: Job, title: str, classes: tuple[type, ...], advice: str) -> Any:
    """The object, of one of the framework's `classes`; else `ConversionRefused`. `advice` says how to save in a format without code."""
    import joblib

    try:
        # joblib reads plain pickles too.
        found = joblib.load(job.source)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConversionRefused(
            f"{job.source.name} uses code that is not in {title}'s environment: {error}",
            f"Save the model itself with {advice} and convert that.",
        ) from None
    if not isinstance(found, classes):
        raise ConversionRefused(
            f"{job.source.name} holds a {type(found).__name__}, not a model of {title}",
            "Save the fitted model itself.",
        )
    return found


def refuse_unfitted(job: Job, name: str) -> None:
    """Raise `ConversionRefused` for an estimator that has learned nothing yet."""
    raise ConversionRefused(
        f"the {name} in {job.source.name} was saved before it was fitted",
        "Call fit, save it again, and convert that.",
    )
