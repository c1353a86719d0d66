"""Saves TensorFlow and Keras models that must be refused, or converted in a special way: `python tensorflow_models.py FOLDER PACKAGE`.

Runs in the converters' environment. PACKAGE is onnxport's source: live models are put into files with the converters' own `save`.
"""

import json
import os
import sys
import types
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", KERAS_BACKEND="tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tf_keras.src.layers.rnn.legacy_cells import LSTMCell

folder = Path(sys.argv[1])
root = types.ModuleType("onnxport")
root.__path__ = [sys.argv[2]]
sys.modules["onnxport"] = root
from onnxport.converter.keras import CONVERTER as KERAS  # noqa: E402 - the package is not there before
from onnxport.converter.tensorflow import CONVERTER as TENSORFLOW  # noqa: E402

keras.utils.set_random_seed(1)
random = np.random.default_rng(0)


class Draws(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return x + tf.random.normal(tf.shape(x))


class Counts(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = tf.Variable(0.0)

    @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return x + self.calls.assign_add(1.0)


class Loop(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        steps = tf.constant(0)
        while steps < 3:
            x, steps = x * 1.5 + 1.0, steps + 1
        return tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: x * 2)


class Linear(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable(random.normal(size=(4, 2)), dtype=tf.float32)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return tf.matmul(x, self.weights)


class WholeNumbers(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32, name="x")])
    def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"rest": x % 3, "part": x // 3, "marks": tf.one_hot(x, 4)}


for module in (Draws(), Counts(), Loop(), WholeNumbers()):
    place = folder / type(module).__name__.lower()
    tf.saved_model.save(module, str(place), signatures=module.__call__)
# Without a signature, with one function to call.
tf.saved_model.save(Loop(), str(folder / "no_signature"), signatures={})

words = layers.Input((1,), dtype="string", name="text")
split = layers.TextVectorization(output_sequence_length=4, ngrams=2)
split.adapt(["a model of words"])
text = layers.Dense(2)(layers.Flatten()(layers.Embedding(20, 3)(split(words))))
keras.Model(words, text).save(folder / "text.keras")
keras.Sequential([layers.Input(batch_shape=(2, 3, 4)), layers.LSTM(3, stateful=True)]).save(
    folder / "stateful.keras"
)
dead = keras.Sequential([layers.Input((4,)), layers.Dense(1, activation="relu")])
dead.set_weights([np.zeros((4, 1)), np.full(1, -1.0)])
dead.save(folder / "dead.keras")
steps = [layers.Input((None, 4)), layers.LSTM(5, return_sequences=True)]
steps += [layers.TimeDistributed(layers.Dense(3)), layers.GRU(3)]
keras.Sequential(steps).save(folder / "steps.keras")
several = layers.Input((4,))
kept = {"good": layers.Dense(2)(several), "constant": layers.Lambda(lambda x: x * 0)(several)}
keras.Model(several, kept).save(folder / "several.keras")
three = layers.Input((4,), batch_size=3)
pairs = layers.Dense(2, name="answer")(keras.ops.reshape(three, (3, 2, 2)))
keras.Model(three, pairs).save(folder / "fixed.keras")
keras.Sequential([layers.Input((4,), batch_size=3), layers.Dense(2)]).save(folder / "free.keras")

before = keras.DTypePolicy("mixed_bfloat16")
narrow = [layers.Input((4,)), layers.Dense(8, activation="tanh", dtype=before), layers.Dense(2)]
keras.Sequential(narrow).save(folder / "narrow.keras")

v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    x = v1.placeholder(tf.float32, (None, 5, 3), "x")
    lengths = v1.placeholder(tf.int32, (None,), "lengths")
    cell = LSTMCell(4)
    _, state = v1.nn.dynamic_rnn(cell, x, sequence_length=lengths, dtype=tf.float32)
    tf.tanh(state[1], name="answer")
    session.run(v1.global_variables_initializer())
    v1.train.Saver().save(session, str(folder / "sequence.ckpt"))

live = {}
given = random.normal(size=(5, 4)).astype(np.float32)
for name, converter, model in (
    ("keras", KERAS, keras.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(2)])),
    ("module", TENSORFLOW, Linear()),
    ("function", TENSORFLOW, tf.function(lambda x: {"double": x * 2, "sum": tf.reduce_sum(x, 1)})),
    ("loaded", TENSORFLOW, tf.saved_model.load(str(folder / "loop"))),
):
    (folder / f"live-{name}").mkdir()
    assert converter.takes(model)
    saved = converter.save(model, given, folder / f"live-{name}")
    live[name] = [str(saved.source), saved.kind.name, list(saved.sample), saved.cases[0].batched]
    np.savez(folder / f"live-{name}.npz", **saved.cases[0].expected)
    np.savez(folder / f"live-{name}-sample.npz", **saved.sample)
assert not TENSORFLOW.takes(np.zeros(3))
assert not KERAS.takes(Linear())
(folder / "live.json").write_text(json.dumps(live))
