"""A recipe (architecture, data, schedule) -> a trained, fully int8 .tflite file, scored and entered in MODELS.toml."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import catalogue
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow import keras

MODELS = Path(__file__).resolve().parent.parent
REPRESENTATIVE_SAMPLES = 200

Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Float inputs and their targets: what is trained on, and what was held out."""

    train_inputs: Array
    train_targets: Array
    test_inputs: Array
    test_targets: Array


@dataclass(frozen=True, slots=True)
class Score:
    """A figure of the int8 model on held-out data: `metric` names it, `test_set` says on what."""

    metric: str
    value: float
    test_set: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that makes one model; `about` are the words of its row (see catalogue.COLUMNS).

    `architecture` builds the network for a batch size (None while training, 1 to convert).
    `score` gets the converted file and the data.
    """

    name: str
    about: dict[str, str]
    architecture: Callable[[int | None], keras.Model]
    data: Callable[[], Dataset]
    score: Callable[[bytes, Dataset], Score]
    loss: str
    epochs: int
    batch_size: int
    learning_rate: float
    per_channel_dense: bool
    seed: int


def make(recipe: Recipe) -> bytes:
    """Trains, converts and scores; writes models/<name>.tflite and its row; returns the file's bytes."""
    _be_deterministic(recipe.seed)
    data = recipe.data()
    trained = _train(recipe, data)
    keras.backend.clear_session()
    network = recipe.architecture(1)
    network.set_weights(trained.get_weights())
    file = _to_int8(network, data.train_inputs[:REPRESENTATIVE_SAMPLES], recipe.per_channel_dense)
    score = recipe.score(file, data)
    path = MODELS / f"{recipe.name}.tflite"
    path.write_bytes(file)
    catalogue.write_row(
        MODELS / "MODELS.toml",
        recipe.name,
        {
            **recipe.about,
            "metric": score.metric,
            "score": round(score.value, 4),
            "test_set": score.test_set,
            "input_shape": list(network.input_shape),
            "macs": macs(network),
            "made_by": f"models/build/{recipe.name}.py",
            "tensorflow": tf.__version__,
        },
        file,
    )
    print(f"{path.name}: {len(file)} bytes, {macs(network)} MACs, {score.metric} {score.value:.4f} ({score.test_set})")
    return file


def macs(network: keras.Model) -> int:
    """Multiply-accumulates of one inference: convolutions and dense layers, padding counted as if computed."""
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            total += math.prod(layer.output.shape) * math.prod(layer.kernel.shape[:2])
        elif isinstance(layer, keras.layers.Conv2D):
            total += math.prod(layer.output.shape) * math.prod(layer.kernel.shape[:3])
        elif isinstance(layer, keras.layers.Dense):
            total += math.prod(layer.kernel.shape)
    return total


def normalized_relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Batch normalization and ReLU after the layer `name`; both fold into that layer's operator when converted.

    The averages follow faster than Keras's default: a training of a few hundred steps must reach them.
    """
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def mlperf_tiny(task: str) -> str:
    """Where the architecture of an MLPerf Tiny task is published."""
    return (
        "Banbury et al., MLPerf Tiny Benchmark, NeurIPS 2021 Datasets and Benchmarks, arXiv:2106.07597; "
        f"https://github.com/mlcommons/tiny benchmark/training/{task}"
    )


def accuracy(test_set: str) -> Callable[[bytes, Dataset], Score]:
    """A score: the share of held-out inputs whose largest int8 output is the label."""

    def score(file: bytes, data: Dataset) -> Score:
        _, outputs = infer(file, data.test_inputs)
        return Score("accuracy", float(np.mean(outputs.argmax(axis=1) == data.test_targets)), test_set)

    return score


def quantize_input(file: bytes, inputs: Array) -> NDArray[np.int8]:
    """Float inputs [n, …] as the int8 the model's input tensor takes: round(x / scale) + zero point, saturated."""
    scale, zero_point = tf.lite.Interpreter(model_content=file).get_input_details()[0]["quantization"]
    return np.clip(np.round(inputs / scale) + zero_point, -128, 127).astype(np.int8)


def infer(file: bytes, inputs: Array) -> tuple[Array, Array]:
    """What the int8 model sees of float inputs [n, …] and what it answers, dequantized, by TensorFlow Lite."""
    interpreter = tf.lite.Interpreter(
        model_content=file, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    quantized = quantize_input(file, inputs)
    results = []
    for sample in quantized:
        interpreter.set_tensor(source["index"], sample[np.newaxis])
        interpreter.invoke()
        results.append(interpreter.get_tensor(sink["index"])[0])
    return _dequantize(quantized, source["quantization"]), _dequantize(np.stack(results), sink["quantization"])


def _dequantize(values: Array, quantization: tuple[float, int]) -> Array:
    scale, zero_point = quantization
    return (values.astype(np.float32) - zero_point) * scale


def _be_deterministic(seed: int) -> None:
    """The same machine gives the same file again; another processor may round float sums differently."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _train(recipe: Recipe, data: Dataset) -> keras.Model:
    network = recipe.architecture(None)
    steps = recipe.epochs * math.ceil(len(data.train_inputs) / recipe.batch_size)
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)),
        loss=recipe.loss,
    )
    network.fit(data.train_inputs, data.train_targets, batch_size=recipe.batch_size, epochs=recipe.epochs, verbose=2)
    return network


def _to_int8(network: keras.Model, representative: Array, per_channel_dense: bool) -> bytes:
    """Full-integer post-training quantization: int8 weights (convolutions per channel), activations, input and output.

    FULLY_CONNECTED weights are per channel by today's default, per tensor in the published MLPerf Tiny files.
    """

    def samples() -> Iterator[list[Array]]:
        for sample in representative:
            yield [sample[np.newaxis].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not per_channel_dense
    return bytes(converter.convert())
