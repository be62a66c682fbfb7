"""Synthetic coloured shapes -> models/ic_resnet8.tflite, the ResNet-8 of MLPerf Tiny's image classification."""

from __future__ import annotations

import conversion
import synthetic_images
from tensorflow import keras

TRAIN_SAMPLES = 4000
TEST_SAMPLES = 1000
TRAIN_SEED = 400
TEST_SEED = 401


def data() -> conversion.Dataset:
    return conversion.Dataset(
        *synthetic_images.shapes(TRAIN_SAMPLES, TRAIN_SEED),
        *synthetic_images.shapes(TEST_SAMPLES, TEST_SEED),
    )


def _stack(x: keras.KerasTensor, channels: int, stride: int, number: int) -> keras.KerasTensor:
    """Two 3×3 convolutions beside a shortcut, which is a 1×1 convolution where the shape changes."""
    layers = keras.layers
    y = layers.Conv2D(channels, 3, strides=stride, padding="same", name=f"conv_{number}a")(x)
    y = conversion.normalized_relu(y, f"conv_{number}a")
    y = layers.Conv2D(channels, 3, padding="same", name=f"conv_{number}b")(y)
    y = layers.BatchNormalization(momentum=0.9, name=f"conv_{number}b_norm")(y)
    if stride != 1:
        x = layers.Conv2D(channels, 1, strides=stride, padding="same", name=f"shortcut_{number}")(x)
    return layers.ReLU(name=f"add_{number}_relu")(layers.Add(name=f"add_{number}")([x, y]))


def architecture(batch_size: int | None) -> keras.Model:
    layers = keras.layers
    image = keras.Input((32, 32, 3), batch_size=batch_size, name="image")
    x = conversion.normalized_relu(layers.Conv2D(16, 3, padding="same", name="conv_0")(image), "conv_0")
    for number, (channels, stride) in enumerate(((16, 1), (32, 2), (64, 2)), start=1):
        x = _stack(x, channels, stride, number)
    x = layers.AveragePooling2D(8, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(len(synthetic_images.SHAPES), name="dense")(x)
    return keras.Model(image, layers.Softmax(name="softmax")(x), name="ic_resnet8")


RECIPE = conversion.Recipe(
    name="ic_resnet8",
    about={
        "title": "Image classification, ResNet-8",
        "architecture": (
            "CONV_2D 3×3×16, 3 × (2 × CONV_2D 3×3, ADD) of 16, 32 and 64 channels, 1×1 shortcuts at stride 2, batch "
            "normalization and ReLU folded in, AVERAGE_POOL_2D 8×8, FULLY_CONNECTED 10, SOFTMAX"
        ),
        "source": conversion.mlperf_tiny("image_classification"),
        "trained_on": (
            f"synthetic data: {TRAIN_SAMPLES} drawings of ten kinds of coloured shapes "
            "(models/build/synthetic_images.py). Not CIFAR-10: its classes are shapes"
        ),
    },
    architecture=architecture,
    data=data,
    score=conversion.accuracy(f"{TEST_SAMPLES} more of the synthetic drawings, 10 classes (chance 0.1)"),
    loss="sparse_categorical_crossentropy",
    epochs=6,
    batch_size=32,
    learning_rate=2e-3,
    per_channel_dense=False,
    seed=3,
)


if __name__ == "__main__":
    conversion.make(RECIPE)
