"""Saves models that the TensorFlow converter must prove: `python tensorflow.py FOLDER`, in the converter's environment.

A file or folder is named after its model; beside it lie its sample and the options that a person would give.
"""

import json
import os
import sys
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

folder = Path(sys.argv[1])
random = np.random.default_rng(0)
keras.utils.set_random_seed(1)
v1 = tf.compat.v1


class Scores(tf.Module):
    """Looks up rows of a table of 20 and adds a product: two inputs, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable(random.normal(size=(4, 3)), dtype=tf.float32)
        self.table = tf.Variable(random.normal(size=(20, 3)), dtype=tf.float32)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 4), tf.float32, name="x"),
            tf.TensorSpec((None,), tf.int64, name="item"),
        ]
    )
    def __call__(self, x: tf.Tensor, item: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = tf.matmul(x, self.weights) + tf.gather(self.table, item)
        return {"scores": scores, "best": tf.argmax(scores, 1)}


class Numbers(tf.Module):
    """What tf2onnx has no operators for, or other ones: tables of numbers, small arguments, places among sorted numbers."""

    def __init__(self) -> None:
        super().__init__()
        prices = tf.lookup.KeyValueTensorInitializer(tf.constant([5, 6]), tf.constant([0.5, 2.0]))
        self.prices = tf.lookup.StaticHashTable(prices, -1.0)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 6), tf.float32, name="x"),
            tf.TensorSpec((None,), tf.int32, name="item"),
        ]
    )
    def __call__(self, x: tf.Tensor, item: tf.Tensor) -> dict[str, tf.Tensor]:
        small = x * 1e-4
        return {
            "price": self.prices.lookup(item),
            "small": (tf.math.expm1(small) + tf.math.log1p(small)) * 1e4,
            "product": tf.math.xlogy(tf.nn.relu(x), tf.abs(x) + 0.1),
            "all": tf.cast(tf.reduce_all(x > -1.0, 1), tf.float32),
            "place": tf.searchsorted([-1.0, 0.0, 0.5, 2.0], tf.reshape(x, [-1])),
            "spectrum": tf.abs(tf.signal.rfft(x)),
        }


def save_graphs() -> None:
    """A graph of TensorFlow 1 that was trained, frozen and as checkpoint, and a SavedModel of its time with a table of words."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None, 8), "x")
        truth = v1.placeholder(tf.int64, (None,), "truth")
        keep = v1.placeholder_with_default(1.0, (), "keep")
        hidden = tf.nn.relu(tf.matmul(x, v1.get_variable("w", (8, 6))))
        hidden = tf.nn.dropout(hidden, rate=1 - keep)
        logits = tf.matmul(hidden, v1.get_variable("v", (6, 3)), name="logits")
        tf.nn.softmax(logits, name="probabilities")
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=truth, logits=logits)
        v1.train.AdamOptimizer().minimize(tf.reduce_mean(loss, name="loss"))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "trained.ckpt"))
        frozen = v1.graph_util.convert_variables_to_constants(
            session, session.graph.as_graph_def(), ["probabilities"]
        )
    (folder / "frozen.pb").write_bytes(frozen.SerializeToString())
    (folder / "middle.pb").write_bytes(frozen.SerializeToString())
    (folder / "middle.options.json").write_text(json.dumps({"outputs": ["logits:0"]}))
    (folder / "checkpoint").unlink()
    # The loss is an end of the graph too.
    named = {"inputs": ["x"], "outputs": ["probabilities"]}
    (folder / "trained.ckpt.options.json").write_text(json.dumps(named))
    with tf.Graph().as_default(), v1.Session() as session:
        city = v1.placeholder(tf.string, (None,), "city")
        filled = tf.lookup.KeyValueTensorInitializer(
            ["rome", "oslo"], tf.constant([1, 2], tf.int64)
        )
        number = tf.lookup.StaticHashTable(filled, 0).lookup(city)
        price = tf.matmul(tf.one_hot(number, 3), v1.get_variable("w", (3, 1)))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        builder = v1.saved_model.Builder(str(folder / "words"))
        signature = v1.saved_model.predict_signature_def({"city": city}, {"price": price})
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"predict": signature}, main_op=v1.tables_initializer()
        )
        builder.save()


def save_lite() -> None:
    """One trained network in float, with 8-bit weights, and with 8 bits throughout; one recurrent of a fixed batch."""
    images = random.normal(size=(256, 8, 8, 1)).astype(np.float32)
    images += (
        random.choice([-1.0, 1.0], (256, 1, 1, 1)) * np.linspace(-1, 1, 8)[None, :, None, None]
    )
    images = images.astype(np.float32)
    network = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.DepthwiseConv2D(3),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(3),
        ]
    )
    network.compile("adam", "mse")
    network.fit(images, images[:, :3, 0, 0] * 3 + images.mean((1, 2)), epochs=20, verbose=0)
    plain = tf.lite.TFLiteConverter.from_keras_model(network)
    (folder / "plain.tflite").write_bytes(plain.convert())
    dynamic = tf.lite.TFLiteConverter.from_keras_model(network)
    dynamic.optimizations = [tf.lite.Optimize.DEFAULT]
    (folder / "dynamic.tflite").write_bytes(dynamic.convert())
    for name, kind in (("whole", None), ("bytes", tf.uint8)):
        whole = tf.lite.TFLiteConverter.from_keras_model(network)
        whole.optimizations = [tf.lite.Optimize.DEFAULT]
        whole.representative_dataset = lambda: ([image[None]] for image in images)
        if kind is not None:
            whole.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            whole.inference_input_type = whole.inference_output_type = kind
        (folder / f"{name}.tflite").write_bytes(whole.convert())
    steps = keras.Sequential(
        [layers.Input((6, 4), batch_size=1), layers.LSTM(5), layers.Dense(2, "gelu")]
    )
    (folder / "steps.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(steps).convert())


module = Scores()
tf.saved_model.save(module, str(folder / "scores"), signatures=module.__call__)
whole_image = keras.Sequential(
    [
        layers.Input((None, None, 3)),
        layers.Resizing(8, 8),
        layers.Conv2D(6, 3, activation="gelu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(2),
    ]
)
whole_image.export(folder / "images", verbose=False)
numbers = Numbers()
tf.saved_model.save(numbers, str(folder / "numbers"), signatures=numbers.__call__)
save_graphs()
save_lite()
