"""Saves models that the Keras converter must prove: `python keras.py FOLDER`, in the converter's environment.

A file is named after its model; beside it lie its sample and the options that a person would give.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")

import keras
import numpy as np
import tf_keras
from keras import layers

folder = Path(sys.argv[1])
(folder / "more").mkdir()
keras.utils.set_random_seed(1)

OWN = """
import keras


class Scale(keras.layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), initializer="random_normal", name="factor")

    def call(self, x):
        return x * self.factor


class Net(keras.Model):
    def __init__(self, units=3, **rest):
        super().__init__(**rest)
        self.units = units
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.last = keras.layers.Dense(1)

    def call(self, x):
        return self.last(self.hidden(x))

    def get_config(self):
        return {**super().get_config(), "units": self.units}
"""
own_file = folder / "more" / "own.py"
own_file.write_text(OWN)
own: dict = {"__name__": "own"}
exec(compile(OWN, "own.py", "exec"), own)


def options(stem: str, name: str, named: dict | None = None) -> None:
    code = {"file": str(own_file), "name": name, "positional": [], "named": named or {}}
    (folder / f"{stem}.options.json").write_text(json.dumps({"code": code}))


image = [
    layers.Input((12, 12, 3)),
    layers.Conv2D(8, 3, padding="same"),
    layers.BatchNormalization(),
    layers.ReLU(),
    layers.DepthwiseConv2D(3),
    layers.MaxPool2D(),
    layers.SeparableConv2D(8, 3, padding="same"),
    layers.Conv2D(8, 3, groups=2),
    layers.Conv2DTranspose(4, 3, strides=2),
    layers.GlobalAveragePooling2D(),
    layers.Dropout(0.3),
    layers.Dense(4),
]
keras.Sequential(image).save(folder / "image.keras")
keras.Sequential(image).save(folder / "image_old.h5")

numbers = layers.Input((5,), name="numbers")
words = layers.Input((None,), dtype="int32", name="words")
known = layers.Embedding(50, 8, mask_zero=True)(words)
both = layers.Bidirectional(layers.LSTM(6))(known)
gated = layers.GRU(4)(known)
joined = layers.Concatenate()([numbers, both, gated])
outputs = {
    "score": layers.Dense(1)(joined),
    "kind": layers.Dense(3, activation="softmax")(joined),
}
keras.Model([numbers, words], outputs).save(folder / "mixed.keras")

steps = layers.Input((10, 8), name="steps")
seen = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(steps, steps) + steps)
pooled = layers.GlobalAveragePooling1D()(layers.Dense(16, activation="gelu")(seen))
attention = keras.Model(
    steps, [layers.Dense(2, name="left")(pooled), layers.Dense(2, name="right")(pooled)]
)
attention.save(folder / "attention.keras")

usual = layers.Normalization()
usual.adapt(np.random.default_rng(0).normal(5000, 1000, (100, 3)))
table = layers.Input((3,), name="table")
city = layers.Input((1,), dtype="string", name="city")
code = layers.Input((1,), dtype="int64", name="code")
place = layers.Embedding(4, 3)(layers.StringLookup(vocabulary=["rome", "paris", "oslo"])(city))
sort = layers.Embedding(4, 3)(layers.IntegerLookup(vocabulary=[10, 20, 30])(code))
row = layers.Concatenate()([usual(table), layers.Flatten()(place), layers.Flatten()(sort)])
keras.Model([table, city, code], layers.Dense(1)(row)).save(folder / "table.keras")

keras.Sequential([layers.Input((4,)), layers.Lambda(lambda x: x * 2), layers.Dense(1)]).save(
    folder / "lambda.keras"
)
keras.Sequential([layers.Input((4,)), own["Scale"](), layers.Dense(1)]).save(folder / "own.keras")
options("own", "Scale")
net = own["Net"](5)
net(np.zeros((1, 4), np.float32))
net.save(folder / "net.keras")
options("net", "Net")
net.save_weights(folder / "only.weights.h5")
options("only.weights", "Net", {"units": 5})
np.savez(folder / "only.weights.sample.npz", x=np.random.default_rng(0).normal(size=(6, 4)))

late = keras.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(1)])
late(np.zeros((1, 4), np.float32))
late.save(folder / "late.keras")

review = layers.Input((1,), dtype="string", name="review")
known_words = ["good", "bad", "film", "it's", "the"]
places = layers.TextVectorization(vocabulary=known_words, output_sequence_length=6)(review)
counts = layers.TextVectorization(
    vocabulary=known_words, idf_weights=[1.0, 2.0, 0.5, 1.5, 0.1], output_mode="tf_idf"
)(review)
read = layers.GRU(4)(layers.Embedding(7, 5, mask_zero=True)(places))
answer = layers.Dense(2)(layers.Concatenate()([read, layers.Flatten()(counts)]))
keras.Model(review, answer).save(folder / "review.keras")

picture = layers.Input((9, 11, 2), name="picture")
smaller = [
    layers.Resizing(6, 15, interpolation=how)(picture) for how in ("bicubic", "area", "lanczos3")
]
smaller += [layers.Resizing(4, 5, antialias=True)(picture)]
resized = layers.Concatenate()([layers.Flatten()(part) for part in smaller])
keras.Model(picture, layers.Dense(2)(resized)).save(folder / "resized.keras")

wave = layers.Input((512,), name="wave")
heard = layers.MelSpectrogram(
    fft_length=64, sequence_stride=64, num_mel_bins=8, sampling_rate=4000, min_freq=50.0
)(wave)
keras.Model(wave, layers.Dense(2)(layers.Flatten()(heard))).save(folder / "wave.keras")

before = tf_keras.layers
ids = before.Input((7,), dtype="int32", name="ids")
old = before.LSTM(5)(before.Embedding(30, 4)(ids))
tf_keras.Model(ids, before.Dense(2, name="answer")(old)).save(folder / "before.keras")
depth = [before.Input((8, 8, 2)), before.DepthwiseConv2D(3), before.Flatten(), before.Dense(2)]
tf_keras.Sequential(depth).save(folder / "before_old.h5")
