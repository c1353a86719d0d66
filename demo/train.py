"""Train a classifier on scikit-learn's handwritten digits: `python train.py FOLDER`, with a Python that has scikit-learn and skops.

Leaves `digits.skops` (the fitted pipeline), `held_back.npz` (X: the images that it has not seen, float32 [images, 64]), and `answers.npz`
(the true digits, and what scikit-learn predicts for the held-back images).
"""

import sys
from pathlib import Path

import numpy as np
import skops.io
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = Path(sys.argv[1])
images, digits = load_digits(return_X_y=True)
images = images.astype(np.float32)
seen, held_back, seen_digits, held_back_digits = train_test_split(
    images, digits, test_size=0.3, random_state=0, stratify=digits
)
classifier = make_pipeline(
    StandardScaler(), MLPClassifier((64,), max_iter=400, tol=1e-3, random_state=0)
)
classifier.fit(seen, seen_digits)
skops.io.dump(classifier, folder / "digits.skops")
np.savez(folder / "held_back.npz", X=held_back)
np.savez(
    folder / "answers.npz",
    truth=held_back_digits,
    label=classifier.predict(held_back),
    probabilities=classifier.predict_proba(held_back),
)
print(f"trained on {len(seen)} images, {len(held_back)} held back")
