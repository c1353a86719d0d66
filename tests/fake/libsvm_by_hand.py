"""What LIBSVM computes, written down in plain Python loops over float64, and model files of machines made up at random."""

import math
import random as randomness
from dataclasses import dataclass


@dataclass
class Made:
    """A machine in the order of its file. `vectors` are `{index: value}`; `coefficients` have one list per vector."""

    svm_type: str
    kernel: str
    degree: int
    gamma: float
    coef0: float
    labels: list[int]
    counts: list[int]
    vectors: list[dict[int, float]]
    coefficients: list[list[float]]
    rho: list[float]
    sigmoids: tuple[list[float], list[float]] | None = None
    marks: list[float] | None = None

    @property
    def classifies(self) -> bool:
        return self.svm_type in ("c_svc", "nu_svc")

    def text(self) -> str:
        """The file, as `svm_save_model` writes it."""
        classes = len(self.labels) if self.classifies else 2
        lines = [f"svm_type {self.svm_type}", f"kernel_type {self.kernel}"]
        if self.kernel == "polynomial":
            lines.append(f"degree {self.degree}")
        if self.kernel != "linear":
            lines.append(f"gamma {self.gamma!r}")
        if self.kernel in ("polynomial", "sigmoid"):
            lines.append(f"coef0 {self.coef0!r}")
        lines += [f"nr_class {classes}", f"total_sv {len(self.vectors)}", spaced("rho", self.rho)]
        if self.classifies:
            lines.append(spaced("label", self.labels))
        if self.sigmoids is not None:
            lines += [spaced("probA", self.sigmoids[0]), spaced("probB", self.sigmoids[1])]
        if self.marks is not None:
            lines.append(spaced("prob_density_marks", self.marks))
        if self.classifies:
            lines.append(spaced("nr_sv", self.counts))
        lines.append("SV")
        for weights, vector in zip(self.coefficients, self.vectors, strict=True):
            pairs = [f"{index}:{value!r}" for index, value in vector.items()]
            lines.append(" ".join([*map(repr, weights), *pairs, ""]))
        return "\n".join(lines) + "\n"


def spaced(key: str, values: list) -> str:
    return " ".join([key, *map(repr, values)])


def make(random: randomness.Random, svm_type: str, kernel: str) -> Made:
    """A machine with random numbers: sparse vectors of up to 6 columns, up to 6 classes with labels in any order."""
    classifies = svm_type in ("c_svc", "nu_svc")
    classes = random.randint(2, 6) if classifies else 2
    counts = [random.randint(1, 4) for _ in range(classes)] if classifies else []
    total = sum(counts) or random.randint(1, 8)
    pairs = classes * (classes - 1) // 2
    far = random.choice([0.0, 0.0, 1000.0])
    vectors = [
        {i: far + random.gauss(0, 1) for i in range(1, 7) if random.random() < 0.7 or i == 6}
        for _ in range(total)
    ]
    many = [[random.gauss(0, 1) for _ in range(pairs)] for _ in range(3)]
    return Made(
        svm_type,
        kernel,
        random.randint(0, 5),
        random.choice([0.01, 0.3, 5.0]) / (1 + far if kernel != "rbf" else 1),
        random.choice([0.0, 1.5, -0.3]),
        random.sample(range(-20, 20), classes) if classifies else [],
        counts,
        vectors,
        [[random.gauss(0, 1) for _ in range(classes - 1)] for _ in range(total)],
        many[0],
        (many[1], many[2]) if classifies and random.random() < 0.6 else None,
        sorted(random.gauss(0, 1) for _ in range(10))
        if svm_type == "one_class" and random.random() < 0.5
        else None,
    )


def answer(made: Made, row: list[float]) -> dict:
    """The outputs for one row, by their names."""
    kernels = [kernel_of(made, row, vector) for vector in made.vectors]
    if not made.classifies:
        total = sum(w[0] * k for w, k in zip(made.coefficients, kernels, strict=True)) - made.rho[0]
        if made.svm_type != "one_class":
            return {"prediction": total}
        told = {"label": 1 if total > 0 else -1, "decision_values": [total]}
        if made.marks is not None:
            told["probabilities"] = normality(total, made.marks)
        return told
    decisions = decide(made, kernels)
    voted = made.labels[first_largest(count_votes(len(made.labels), decisions))]
    if made.sigmoids is None:
        return {"label": voted, "decision_values": decisions}
    probabilities = class_probabilities(len(made.labels), decisions, *made.sigmoids)
    label = made.labels[first_largest(probabilities)]
    told = {"label": label, "probabilities": probabilities}
    return {**told, "decision_values": decisions, "voted_label": voted}


def kernel_of(made: Made, row: list[float], vector: dict[int, float]) -> float:
    dense = [vector.get(index, 0.0) for index in range(1, len(row) + 1)]
    product = math.fsum(a * b for a, b in zip(row, dense, strict=True))
    if made.kernel == "linear":
        return product
    if made.kernel == "rbf":
        return math.exp(
            -made.gamma * math.fsum((a - b) ** 2 for a, b in zip(row, dense, strict=True))
        )
    if made.kernel == "sigmoid":
        return math.tanh(made.gamma * product + made.coef0)
    return (made.gamma * product + made.coef0) ** made.degree


def decide(made: Made, kernels: list[float]) -> list[float]:
    starts = [sum(made.counts[:c]) for c in range(len(made.counts) + 1)]
    decisions = []
    for i in range(len(made.labels)):
        for j in range(i + 1, len(made.labels)):
            total = 0.0
            for k in range(starts[i], starts[i + 1]):
                total += made.coefficients[k][j - 1] * kernels[k]
            for k in range(starts[j], starts[j + 1]):
                total += made.coefficients[k][i] * kernels[k]
            decisions.append(total - made.rho[len(decisions)])
    return decisions


def count_votes(classes: int, decisions: list[float]) -> list[float]:
    votes = [0.0] * classes
    pair = 0
    for i in range(classes):
        for j in range(i + 1, classes):
            votes[i if decisions[pair] > 0 else j] += 1
            pair += 1
    return votes


def first_largest(values: list[float]) -> int:
    return max(range(len(values)), key=lambda i: (values[i], -i))


def class_probabilities(
    classes: int, decisions: list[float], slopes: list[float], offsets: list[float]
) -> list[float]:
    r = [[0.0] * classes for _ in range(classes)]
    pair = 0
    for i in range(classes):
        for j in range(i + 1, classes):
            exponent = decisions[pair] * slopes[pair] + offsets[pair]
            p = 1 / (1 + math.exp(exponent)) if exponent < 700 else 0.0
            r[i][j] = min(max(p, 1e-7), 1 - 1e-7)
            r[j][i] = 1 - r[i][j]
            pair += 1
    return [r[0][1], r[1][0]] if classes == 2 else coupled(classes, r)


def coupled(k: int, r: list[list[float]]) -> list[float]:
    p = [1 / k] * k
    q = [[-r[j][t] * r[t][j] for j in range(k)] for t in range(k)]
    for t in range(k):
        q[t][t] = sum(r[j][t] ** 2 for j in range(k) if j != t)
    for _ in range(max(100, k)):
        qp = [sum(q[t][j] * p[j] for j in range(k)) for t in range(k)]
        pqp = sum(p[t] * qp[t] for t in range(k))
        if max(abs(value - pqp) for value in qp) < 0.005 / k:
            break
        for t in range(k):
            diff = (pqp - qp[t]) / q[t][t]
            p[t] += diff
            pqp = (pqp + diff * (diff * q[t][t] + 2 * qp[t])) / (1 + diff) / (1 + diff)
            for j in range(k):
                qp[j] = (qp[j] + diff * q[t][j]) / (1 + diff)
                p[j] /= 1 + diff
    return p


def normality(value: float, marks: list[float]) -> list[float]:
    inside = 0.0
    if value < marks[0]:
        inside = 0.001
    elif value > marks[-1]:
        inside = 0.999
    else:
        inside = next((i / 10 for i in range(1, 10) if value < marks[i]), 0.0)
    return [inside, 1 - inside]
