"""Makes the models and answers beside it: `python make.py`, where libsvm-official 3.37.0 is installed.

`NAME.model` is what LIBSVM saved; `answers.json` holds rows and what LIBSVM itself says of them, read from that file again, without and
with probabilities (`-b 1`).
"""

import json
from ctypes import c_double
from pathlib import Path

import numpy as np
from libsvm.svm import gen_svm_nodearray, libsvm, svm_model
from libsvm.svmutil import svm_load_model, svm_save_model, svm_train

FOLDER = Path(__file__).parent
CLASSES = {"two": [7, -3], "three": [10, -5, 3], "five": [4, 2, 9, -1, 0]}
MODELS = {
    "c_svc-linear-two": "-s 0 -t 0",
    "c_svc-rbf-two-b": "-s 0 -t 2 -b 1",
    "c_svc-polynomial-three": "-s 0 -t 1 -d 3 -g 0.3 -r 1.5",
    "c_svc-sigmoid-three": "-s 0 -t 3 -g 0.1 -r 0.2",
    "c_svc-rbf-five-b": "-s 0 -t 2 -b 1 -g 0.4",
    "nu_svc-rbf-five": "-s 1 -t 2 -n 0.2",
    "nu_svc-linear-three-b": "-s 1 -t 0 -n 0.3 -b 1",
    "one_class-rbf-none": "-s 2 -t 2 -n 0.3",
    "one_class-rbf-none-b": "-s 2 -t 2 -n 0.3 -g 0.05 -b 1",
    "one_class-linear-one": "-s 2 -t 0 -n 0.01",
    "epsilon_svr-rbf-value": "-s 3 -t 2 -p 0.1 -c 10",
    "epsilon_svr-polynomial-value-b": "-s 3 -t 1 -d 2 -r 1 -b 1",
    "nu_svr-rbf-far": "-s 4 -t 2 -g 0.5 -n 0.4",
    "nu_svr-sigmoid-value": "-s 4 -t 3 -g 0.05",
}


def main() -> None:
    """Train, save, load, predict."""
    answers = {}
    for name, options in MODELS.items():
        train, wanted, rows = data(name)
        model = svm_train(wanted, sparse(train), f"{options} -q")
        path = FOLDER / f"{name}.model"
        svm_save_model(str(path), model)
        answers[name] = {"rows": rows.tolist(), **said(svm_load_model(str(path)), rows)}
    (FOLDER / "answers.json").write_text(json.dumps(answers) + "\n")


def data(name: str) -> "tuple[np.ndarray, list[float], np.ndarray]":
    """Training rows (the third column is always 0, the fifth often), their targets, and rows to ask about."""
    random = np.random.default_rng(list(name.encode()))
    rows = random.normal(size=(60, 5)).round(4)
    rows[random.random(60) < 0.6, 4] = 0
    train, asked = rows[:40], rows[40:] * 1.5
    train[:, 2] = 0
    kind = name.split("-")[2]
    if kind == "far":
        train, asked = train * 3 + 10000, asked * 2 + 10000
    if kind == "one":
        train = train[:1]
    if kind in CLASSES:
        labels = CLASSES[kind]
        score = train[:, 0] + 0.5 * train[:, 1] ** 2 + 0.3 * random.normal(size=40)
        places = np.argsort(np.argsort(score)) * len(labels) // 40
        wanted = [float(labels[place]) for place in places]
    else:
        wanted = [float(value) for value in np.sin(train[:, 0]) + train[:, 1]]
    return train, wanted, asked


def sparse(rows: np.ndarray) -> "list[dict[int, float]]":
    """As LIBSVM's files hold rows: no zeros, and columns count from 1."""
    return [{i + 1: float(v) for i, v in enumerate(row) if v} for row in rows]


def said(model: svm_model, rows: np.ndarray) -> "dict[str, list]":
    """What LIBSVM gives for the rows. (`svm_predict` of its Python package writes beyond its buffer for nu_svc of many classes.)"""
    values = (c_double * (model.nr_class * (model.nr_class - 1) // 2))()
    probabilities = (c_double * model.nr_class)()
    answer = {"predicted": [], "decision_values": [], "predicted_b": [], "probabilities": []}
    for row in sparse(rows):
        nodes, _ = gen_svm_nodearray(row)
        answer["predicted"].append(libsvm.svm_predict_values(model, nodes, values))
        answer["decision_values"].append(list(values))
        answer["predicted_b"].append(libsvm.svm_predict_probability(model, nodes, probabilities))
        answer["probabilities"].append(list(probabilities))
    if not libsvm.svm_check_probability_model(model) or model.get_svm_type() > 2:
        del answer["predicted_b"], answer["probabilities"]
    return answer


main()
