"""Synthetic spoken commands -> models/kws_ds_cnn.tflite, the DS-CNN-S of MLPerf Tiny's keyword spotting."""

from __future__ import annotations

import conversion
import synthetic_audio
from tensorflow import keras

TRAIN_SAMPLES = 6000
TEST_SAMPLES = 1200
TRAIN_SEED = 100
TEST_SEED = 101


def data() -> conversion.Dataset:
    return conversion.Dataset(
        *synthetic_audio.spoken_commands(TRAIN_SAMPLES, TRAIN_SEED),
        *synthetic_audio.spoken_commands(TEST_SAMPLES, TEST_SEED),
    )


def architecture(batch_size: int | None) -> keras.Model:
    layers = keras.layers
    mfcc = keras.Input((49, 10, 1), batch_size=batch_size, name="mfcc")
    x = layers.Conv2D(64, (10, 4), strides=2, padding="same", name="conv")(mfcc)
    x = conversion.normalized_relu(x, "conv")
    x = layers.Dropout(0.2, name="dropout_in")(x)
    for block in range(1, 5):
        x = layers.DepthwiseConv2D(3, padding="same", name=f"depthwise_{block}")(x)
        x = conversion.normalized_relu(x, f"depthwise_{block}")
        x = layers.Conv2D(64, 1, padding="same", name=f"pointwise_{block}")(x)
        x = conversion.normalized_relu(x, f"pointwise_{block}")
    x = layers.Dropout(0.4, name="dropout_out")(x)
    x = layers.AveragePooling2D((25, 5), name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(synthetic_audio.KWS_CLASSES, name="dense")(x)
    return keras.Model(mfcc, layers.Softmax(name="softmax")(x), name="kws_ds_cnn")


RECIPE = conversion.Recipe(
    name="kws_ds_cnn",
    about={
        "title": "Keyword spotting, DS-CNN-S",
        "architecture": (
            "CONV_2D 10×4×64 stride 2, 4 × (DEPTHWISE_CONV_2D 3×3 + CONV_2D 1×1×64), each with batch normalization and "
            "ReLU folded in, AVERAGE_POOL_2D 25×5, FULLY_CONNECTED 12, SOFTMAX"
        ),
        "source": conversion.mlperf_tiny("keyword_spotting"),
        "trained_on": (
            f"synthetic data: {TRAIN_SAMPLES} made-up utterances of ten made-up words, other words and silence, as "
            "MFCCs (models/build/synthetic_audio.py). Not speech: it recognizes no human word"
        ),
    },
    architecture=architecture,
    data=data,
    score=conversion.accuracy(f"{TEST_SAMPLES} more of the synthetic utterances, 12 classes (chance 0.0833)"),
    loss="sparse_categorical_crossentropy",
    epochs=8,
    batch_size=64,
    learning_rate=2e-3,
    per_channel_dense=False,
    seed=1,
)


if __name__ == "__main__":
    conversion.make(RECIPE)
