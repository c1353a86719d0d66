"""Saves models for `test_sklearn.py`: `python sklearn_models.py FOLDER`, in the environment of the scikit-learn converter.

`proven` holds what must be converted, `refused` what must be refused.
"""

import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import RFE
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC, LinearSVC

folder = Path(sys.argv[1])
proven, refused = folder / "proven", folder / "refused"
proven.mkdir()
refused.mkdir()
warnings.simplefilter("ignore")
random = np.random.default_rng(0)
ROWS = 300
people = pd.DataFrame(
    {
        "age": random.normal(40, 10, ROWS),
        "fare": random.gamma(2, 20, ROWS),
        "sex": random.choice(["male", "female"], ROWS),
        "port": random.choice(["S", "C", "Q", "rare"], ROWS, p=[0.6, 0.25, 0.13, 0.02]),
        "deck": random.integers(1, 4, ROWS),
        "alone": random.random(ROWS) < 0.5,
        "label": random.choice(["a", "b"], ROWS),
        "note": [
            " ".join(random.choice(["good", "bad", "very", "Ärger", "yes", "no"], 5))
            for _ in range(ROWS)
        ],
    }
)
numbers, words = ["age", "fare"], ["sex", "port"]
gaps = people.copy()
gaps.loc[::7, "age"] = np.nan
gaps.loc[::9, "port"] = np.nan
score = people["age"] * 2 + 10 * (people["sex"] == "male") + people["fare"]
lives = np.where(score > score.median(), "yes", "no")
three = np.digitize(score, score.quantile([0.3, 0.7]))
both = np.stack([three, (people["age"] > 40).astype(int)], axis=1)
flags = both.clip(max=1)
matrix = people[numbers].to_numpy()
kind = (people["note"].str.count("good") > people["note"].str.count("bad")).astype(int)


def prepared(**options: object) -> ColumnTransformer:
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            (
                "words",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
                ),
                words,
            ),
        ],
        **options,
    )


def encoded(encoder: object, columns: list[str], **options: object) -> ColumnTransformer:
    return ColumnTransformer([("encoded", encoder, columns)], remainder="passthrough", **options)


def classified(front: object) -> object:
    return make_pipeline(front, LogisticRegression(max_iter=500))


known = {
    "selectors": classified(
        make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include=np.number)),
            (OneHotEncoder(handle_unknown="ignore"), make_column_selector(pattern="sex|port")),
        )
    ).fit(people, lives),
    "objects": classified(
        ColumnTransformer([("n", StandardScaler(), slice(0, 2)), ("w", OneHotEncoder(), [2, 3])])
    ).fit(people[numbers + words].to_numpy(object), lives),
    "infrequent": classified(
        encoded(
            OneHotEncoder(min_frequency=20, drop="first", handle_unknown="infrequent_if_exist"),
            words,
        )
    ).fit(people[numbers + words], lives),
    "whole": classified(encoded(OneHotEncoder(drop="if_binary"), ["deck", "alone"])).fit(
        people[[*numbers, "deck", "alone"]], lives
    ),
    "ordinal": make_pipeline(
        encoded(
            OrdinalEncoder(
                max_categories=3,
                encoded_missing_value=-2,
                handle_unknown="use_encoded_value",
                unknown_value=-1,
            ),
            words,
        ),
        RandomForestClassifier(6, random_state=0),
    ).fit(gaps[[*words, "deck"]], lives),
    "target": classified(encoded(TargetEncoder(random_state=0), words)).fit(
        people[numbers + words], three
    ),
    "bins": make_pipeline(
        KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"), Ridge()
    ).fit(matrix, score),
    "logarithm": make_pipeline(
        ColumnTransformer(
            [("log", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), ["fare"])]
        ),
        Ridge(),
    ).fit(people, score),
    "names": classified(encoded(OneHotEncoder(), ["label"])).fit(
        people[["label", "age"]].rename(columns={"age": "how old?"}), lives
    ),
    "nested": classified(
        make_pipeline(
            ColumnTransformer(
                [
                    ("n", SimpleImputer(), numbers),
                    ("w", SimpleImputer(strategy="most_frequent"), words),
                ]
            ),
            ColumnTransformer([("n", StandardScaler(), [0, 1]), ("w", OneHotEncoder(), [2, 3])]),
        )
    ).fit(gaps, lives),
    "union": classified(
        FeatureUnion([("a", TfidfVectorizer()), ("b", CountVectorizer(ngram_range=(2, 2)))])
    ).fit(people["note"], kind),
    "bayes": make_pipeline(CountVectorizer(stop_words=["very"]), MultinomialNB()).fit(
        people["note"], kind
    ),
    "sparse": make_pipeline(TfidfVectorizer(sublinear_tf=True), SVC(kernel="linear")).fit(
        people["note"], kind
    ),
    "mixed": classified(
        ColumnTransformer(
            [
                ("text", TfidfVectorizer(token_pattern=r"(?u)\b\w+\b"), "note"),
                ("numbers", StandardScaler(), numbers),
            ]
        )
    ).fit(people, kind),
    "categories": HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype").fit(
        gaps[numbers + words].astype({"sex": "category", "port": "category"}), lives
    ),
    "voting": VotingClassifier(
        [
            ("a", classified(prepared())),
            ("b", make_pipeline(prepared(), RandomForestClassifier(5, random_state=0))),
        ],
        voting="soft",
        weights=[1, 2],
    ).fit(gaps, lives),
    "stacking": StackingClassifier(
        [("a", classified(prepared())), ("b", make_pipeline(prepared(), LinearSVC()))]
    ).fit(gaps, lives),
    "calibrated": CalibratedClassifierCV(make_pipeline(prepared(), LinearSVC()), cv=2).fit(
        gaps, lives
    ),
    "isotonic": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2).fit(matrix, three),
    "search": GridSearchCV(classified(prepared()), {"logisticregression__C": [1, 2]}, cv=2).fit(
        gaps, lives
    ),
    "threshold": FixedThresholdClassifier(
        classified(prepared()), threshold=0.3, pos_label="yes"
    ).fit(gaps, lives),
    "back": TransformedTargetRegressor(
        make_pipeline(prepared(), Ridge()), func=np.log1p, inverse_func=np.expm1
    ).fit(gaps, score),
    "outputs": make_pipeline(prepared(), MultiOutputClassifier(LogisticRegression())).fit(
        gaps, both
    ),
    "values": MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=5)).fit(
        matrix, np.stack([score, people["age"]], axis=1)
    ),
    "chain": ClassifierChain(LogisticRegression(), order=[1, 0]).fit(matrix, flags),
    "neighbours": KNeighborsClassifier().fit(matrix, both),
    "network": MLPClassifier(hidden_layer_sizes=(8,), max_iter=50, random_state=0).fit(
        StandardScaler().fit_transform(matrix), flags
    ),
    "networks": make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=0)
    ).fit(matrix, np.stack([score, people["age"]], axis=1)),
    "quadratic": QuadraticDiscriminantAnalysis().fit(matrix, three),
    "selected": RFE(LogisticRegression(max_iter=500), n_features_to_select=1).fit(matrix, three),
}
for name, model in known.items():
    joblib.dump(model, proven / f"{name}.joblib")
skops.io.dump(known["logarithm"], proven / "safe.skops")

cannot = {
    "lambda": make_pipeline(FunctionTransformer(np.roll, kw_args={"shift": 1}), Ridge()),
    "projected": TransformedTargetRegressor(LinearRegression(), transformer=PCA(1)),
}
for name, model in cannot.items():
    joblib.dump(model.fit(matrix, score), refused / f"{name}.joblib")
letters = make_pipeline(TfidfVectorizer(strip_accents="unicode"), LogisticRegression())
joblib.dump(letters.fit(people["note"], kind), refused / "letters.joblib")
passed = ColumnTransformer([("w", OneHotEncoder(), ["sex"]), ("p", "passthrough", ["age"])])
joblib.dump(passed.fit(people), refused / "passed.joblib")
spoken = ColumnTransformer([("w", SimpleImputer(strategy="most_frequent"), ["port"])])
joblib.dump(spoken.fit(gaps), refused / "spoken.joblib")
(refused / "boosted.pkl").write_bytes(
    b"\x80\x02csklearn.pipeline\nPipeline\n)\x81}X\x05\x00\x00\x00stepscxgboost.sklearn\nXGBClassifier\nsb."
)

# Values with few digits: many are thresholds, or lie in the middle of two, and are other numbers in float32.
answers = folder / "answers"
answers.mkdir()


def coarse(rows: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": random.normal(30, 12, rows).round(1),
            "fare": random.gamma(2, 20, rows).round(2),
            "alone": random.random(rows) < 0.5,
            "deck": random.choice(np.array(["A", "B", None], object), rows),
        }
    )


def keep(name: str, model: object, fresh: pd.DataFrame) -> None:
    joblib.dump(model, proven / f"{name}.joblib")
    given = {
        column: fresh[column].fillna("").to_numpy(str)
        if column == "deck"
        else fresh[column].to_numpy(float)
        for column in fresh
    }
    asked = {"label": model.predict(fresh)}
    if hasattr(model, "predict_proba"):
        asked["probabilities"] = model.predict_proba(fresh)
    np.savez(answers / f"{name}.npz", **given, **{f"expected_{n}": v for n, v in asked.items()})


known, fresh = coarse(1500), coarse(2000)
grown = known["age"] / 20 + known["fare"] / 40 + known["alone"] + random.normal(0, 0.5, 1500)
scaled = ColumnTransformer([("n", StandardScaler(), ["age", "fare"])], remainder="passthrough")
numbers = ["age", "fare", "alone"]
few = RandomForestClassifier(10, random_state=0)
keep("digits", make_pipeline(scaled, few).fit(known[numbers], grown > 2.5), fresh[numbers])
poisson = HistGradientBoostingRegressor(loss="poisson", max_iter=40, random_state=0)
keep("poisson", poisson.fit(known[["age", "fare"]], np.exp(grown / 2)), fresh[["age", "fare"]])
gaps = OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
)
flags = make_pipeline(
    ColumnTransformer([("w", gaps, ["deck"])], remainder="passthrough"),
    HistGradientBoostingClassifier(categorical_features=[0], max_iter=20, random_state=0),
)
keep("flags", flags.fit(known, (grown + (known["deck"] == "A")) > 2.5), fresh)
