"""Synthetic stick people -> models/vww_mobilenet_v1_025.tflite, the MobileNetV1 of MLPerf Tiny's visual wake words."""

from __future__ import annotations

import conversion
import synthetic_images
from tensorflow import keras

TRAIN_SAMPLES = 4000
TEST_SAMPLES = 600
TRAIN_SEED = 300
TEST_SEED = 301

# Output channels and stride of each depthwise separable block: MobileNetV1's 64 … 1024 times the width 0.25.
BLOCKS = (
    (16, 1),
    (32, 2),
    (32, 1),
    (64, 2),
    (64, 1),
    (128, 2),
    (128, 1),
    (128, 1),
    (128, 1),
    (128, 1),
    (128, 1),
    (256, 2),
    (256, 1),
)


def data() -> conversion.Dataset:
    return conversion.Dataset(
        *synthetic_images.people(TRAIN_SAMPLES, TRAIN_SEED),
        *synthetic_images.people(TEST_SAMPLES, TEST_SEED),
    )


def architecture(batch_size: int | None) -> keras.Model:
    layers = keras.layers
    image = keras.Input((96, 96, 3), batch_size=batch_size, name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="conv")(image)
    x = conversion.normalized_relu(x, "conv")
    for block, (channels, stride) in enumerate(BLOCKS, start=1):
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", name=f"depthwise_{block}")(x)
        x = conversion.normalized_relu(x, f"depthwise_{block}")
        x = layers.Conv2D(channels, 1, padding="same", name=f"pointwise_{block}")(x)
        x = conversion.normalized_relu(x, f"pointwise_{block}")
    x = layers.AveragePooling2D(3, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(2, name="dense")(x)
    return keras.Model(image, layers.Softmax(name="softmax")(x), name="vww_mobilenet_v1_025")


RECIPE = conversion.Recipe(
    name="vww_mobilenet_v1_025",
    about={
        "title": "Visual wake words, MobileNetV1 × 0.25",
        "architecture": (
            "CONV_2D 3×3×8 stride 2, 13 × (DEPTHWISE_CONV_2D 3×3 + CONV_2D 1×1) of 16 … 256 channels, each with batch "
            "normalization and ReLU folded in, AVERAGE_POOL_2D 3×3, FULLY_CONNECTED 2, SOFTMAX"
        ),
        "source": conversion.mlperf_tiny("visual_wake_words"),
        "trained_on": (
            f"synthetic data: {TRAIN_SAMPLES} drawings, half with a stick figure among clutter, half clutter only "
            "(models/build/synthetic_images.py). Not photographs: it recognizes no real person"
        ),
    },
    architecture=architecture,
    data=data,
    score=conversion.accuracy(f"{TEST_SAMPLES} more of the synthetic drawings, 2 classes (chance 0.5)"),
    loss="sparse_categorical_crossentropy",
    epochs=10,
    batch_size=32,
    learning_rate=2e-3,
    per_channel_dense=False,
    seed=2,
)


if __name__ == "__main__":
    conversion.make(RECIPE)
