"""Which inputs a scikit-learn model gets, from what its parts learned; and how samples become these inputs. The parts are fakes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from onnxport.converter.inside.sklearn import frames
from onnxport.converter.inside.sklearn.columns import Inputs, inputs_of
from onnxport.converter.interface import ConversionRefused
from onnxport.converter.sklearn import CONVERTER

NAN = float("nan")


def transformer(steps: list[tuple[str, Any, Any]], names: list[str], **more: Any) -> Any:
    return SimpleNamespace(
        transformers_=steps, feature_names_in_=np.array(names), n_features_in_=len(names), **more
    )


def encoder(*categories: list[Any], handle_unknown: str = "ignore") -> Any:
    listed = [np.array(c, None if len({type(v) for v in c}) == 1 else object) for c in categories]
    return SimpleNamespace(categories_=listed, handle_unknown=handle_unknown)


def kinds_of(inputs: Inputs) -> dict[str, str]:
    return {column.name: column.kind for column in inputs.columns}


def predicting(model: Any) -> Any:
    model.predict = None
    return model


@pytest.mark.parametrize(
    ("categories", "kind"),
    [
        (["a", "b"], "text"),
        (["a", None], "text"),
        (["a", NAN], "text"),
        ([1, 2], "whole number"),
        ([1.5, 2.0], "number"),
        ([0.1, 2.0], "double"),
        ([1.0, NAN], "number"),
        ([True, False], "truth value"),
        ([2**40, None], "whole number"),
    ],
)
def test_the_type_of_a_column_follows_from_its_categories(categories: list[Any], kind: str) -> None:
    model = transformer([("e", encoder(categories), ["c"])], ["c"])

    assert {"c": kind} == kinds_of(inputs_of(model, None))


def test_categories_of_several_types_are_refused() -> None:
    model = transformer([("e", encoder(["a", 1]), ["c"])], ["c"])
    with pytest.raises(ConversionRefused, match="int, str"):
        inputs_of(model, None)


def test_an_empty_text_cannot_be_a_category_and_a_missing_value() -> None:
    model = transformer([("e", encoder(["", "a", NAN]), ["c"])], ["c"])
    with pytest.raises(ConversionRefused, match="an empty text is a category"):
        inputs_of(model, None)


def test_columns_that_are_never_used_are_no_inputs() -> None:
    model = transformer([("e", encoder(["a"]), [1]), ("remainder", "drop", [0])], ["x", "y"])

    assert {"y": "text"} == kinds_of(inputs_of(model, None))


def test_passed_columns_are_numbers_for_an_estimator_and_unknown_without() -> None:
    steps = [("e", encoder(["a"]), ["x"]), ("p", "passthrough", ["y"])]
    model = predicting(transformer(steps, ["x", "y"]))

    assert {"x": "text", "y": "number"} == kinds_of(inputs_of(model, None))
    with pytest.raises(ConversionRefused, match="column 'y'"):
        inputs_of(transformer(steps, ["x", "y"]), None)
    sample = {"x": np.array(["a"]), "y": np.array([True])}
    assert {"x": "text", "y": "truth value"} == kinds_of(
        inputs_of(transformer(steps, ["x", "y"]), sample)
    )


def test_numbers_by_position_are_one_matrix() -> None:
    scaler = SimpleNamespace(mean_=np.zeros(1), scale_=np.ones(1))
    plain = SimpleNamespace(
        transformers_=[("a", scaler, slice(0, 1)), ("b", scaler, [False, True])], n_features_in_=2
    )

    assert inputs_of(plain, None).is_matrix
    assert not inputs_of(transformer([("a", scaler, ["x"])], ["x"]), None).is_matrix


def test_what_is_filled_and_encoded_afterwards_is_known() -> None:
    class SimpleImputer(SimpleNamespace):
        """Named as the real one."""

    imputer = SimpleImputer(
        statistics_=np.array([NAN, "a"], object),
        missing_values=NAN,
        keep_empty_features=False,
        add_indicator=False,
    )
    steps = [("i", imputer), ("e", encoder(["a", "b"]))]
    pipeline = SimpleNamespace(steps=steps, n_features_in_=2, feature_names_in_=["x", "y"])
    found = inputs_of(pipeline, None).columns

    assert [("x", "number", ()), ("y", "text", ("a", "b"))] == [
        (column.name, column.kind, column.categories) for column in found
    ]


MODEL = predicting(
    transformer(
        [
            ("e", encoder(["1", "Ulm", NAN], [1, 2], [True, False]), ["town", "rooms", "new"]),
            ("p", "passthrough", ["size"]),
        ],
        ["town", "rooms", "new", "size"],
    )
)


def test_a_table_becomes_columns_of_the_models_types() -> None:
    sample = {
        "size": np.array(["1.5", ""]),
        "town": np.array([1.0, NAN]),
        "rooms": np.array([1.0, 2.0]),
        "new": np.array(["True", "False"]),
    }
    made = frames.from_sample(inputs_of(MODEL, sample), sample)

    assert {"town": "<U1", "rooms": "<i8", "new": "|b1", "size": "<f8"} == {
        name: array.dtype.str for name, array in made.items()
    }
    assert [["1"], [""]] == made["town"].tolist()
    assert [[True], [False]] == made["new"].tolist()


def test_numbers_are_rounded_only_on_their_way_into_the_onnx_model() -> None:
    sample = {
        "town": np.array(["Ulm"]),
        "rooms": np.array([1]),
        "new": np.array([True]),
        "size": np.array([0.1]),
    }
    inputs = inputs_of(MODEL, sample)
    made = frames.from_sample(inputs, sample)
    fed = frames.as_fed(inputs, made, double=False)

    assert made["size"][0, 0] == 0.1
    assert float(fed["size"][0, 0]) == float(np.float32(0.1)) != 0.1
    assert {"town": "<U3", "rooms": "<i8", "new": "|b1", "size": "<f4"} == {
        name: array.dtype.str for name, array in fed.items()
    }


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rooms": np.array([1.5])}, "'rooms' holds something that is no whole number"),
        ({"rooms": np.array([NAN])}, "'rooms' holds something that is no whole number"),
        ({"new": np.array([2])}, "'new' holds something that is no truth value"),
        ({"size": np.array(["big"])}, "'size' holds something that is no number"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_column(
    wrong: dict[str, Any], words: str
) -> None:
    good = {"town": np.array(["a"]), "rooms": np.array([1]), "new": np.array([1]), "size": [1.0]}
    sample = {name: np.asarray(value) for name, value in (good | wrong).items()}
    with pytest.raises(ConversionRefused, match=words):
        frames.from_sample(inputs_of(MODEL, None), sample)


def test_a_live_object_is_told_by_its_classes() -> None:
    base = type("BaseEstimator", (), {"__module__": "sklearn.base"})
    ours = type("Ridge", (base,), {"__module__": "sklearn.linear_model._ridge"})
    other = type("XGBRegressor", (base,), {"__module__": "xgboost.sklearn"})

    assert [True, False, False] == [CONVERTER.takes(kind()) for kind in (ours, other, object)]
