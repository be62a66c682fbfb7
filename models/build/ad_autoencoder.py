"""Synthetic machine hum -> models/ad_autoencoder.tflite, the autoencoder of MLPerf Tiny's anomaly detection."""

from __future__ import annotations

import conversion
import numpy as np
import synthetic_audio
from sklearn.metrics import roc_auc_score
from tensorflow import keras

TRAIN_CLIPS = 800
TEST_CLIPS = 100
WINDOWS = 12
TRAIN_SEED = 200
NORMAL_SEED = 201
ANOMALOUS_SEED = 202
NORMAL = ("none",)
ANOMALOUS = ("bearing", "imbalance", "leak")


def data() -> conversion.Dataset:
    train = synthetic_audio.machine_hum(TRAIN_CLIPS, WINDOWS, NORMAL, TRAIN_SEED).reshape(-1, synthetic_audio.AD_INPUTS)
    normal = synthetic_audio.machine_hum(TEST_CLIPS, WINDOWS, NORMAL, NORMAL_SEED)
    anomalous = synthetic_audio.machine_hum(TEST_CLIPS, WINDOWS, ANOMALOUS, ANOMALOUS_SEED)
    test = np.concatenate([normal, anomalous]).reshape(-1, synthetic_audio.AD_INPUTS)
    train = np.random.default_rng(TRAIN_SEED).permutation(train)
    return conversion.Dataset(train, train, test, np.repeat([0, 1], TEST_CLIPS))


def architecture(batch_size: int | None) -> keras.Model:
    layers = keras.layers
    log_mel = keras.Input((synthetic_audio.AD_INPUTS,), batch_size=batch_size, name="log_mel")
    x = log_mel
    for number, units in enumerate((128, 128, 128, 128, 8, 128, 128, 128, 128), start=1):
        x = layers.Dense(units, name=f"dense_{number}")(x)
        x = conversion.normalized_relu(x, f"dense_{number}")
    return keras.Model(log_mel, layers.Dense(synthetic_audio.AD_INPUTS, name="dense_10")(x), name="ad_autoencoder")


def score(file: bytes, dataset: conversion.Dataset) -> conversion.Score:
    inputs, outputs = conversion.infer(file, dataset.test_inputs)
    error = np.mean((inputs - outputs) ** 2, axis=1).reshape(-1, WINDOWS).mean(axis=1)
    return conversion.Score(
        "area under the ROC curve",
        float(roc_auc_score(dataset.test_targets, error)),
        f"{TEST_CLIPS} normal and {TEST_CLIPS} anomalous synthetic clips, told apart by the mean squared error over "
        f"{WINDOWS} reconstructed windows (chance 0.5)",
    )


RECIPE = conversion.Recipe(
    name="ad_autoencoder",
    about={
        "title": "Anomaly detection, fully connected autoencoder",
        "architecture": (
            "FULLY_CONNECTED 640 → 4 × 128 → 8 → 4 × 128 → 640, batch normalization and ReLU folded in but at the end"
        ),
        "source": conversion.mlperf_tiny("anomaly_detection"),
        "trained_on": (
            f"synthetic data: {TRAIN_CLIPS * WINDOWS} windows of 5 × 128 log-mel values of a made-up machine's hum "
            "(models/build/synthetic_audio.py). It knows no real machine"
        ),
    },
    architecture=architecture,
    data=data,
    score=score,
    loss="mean_squared_error",
    epochs=20,
    batch_size=128,
    learning_rate=2e-3,
    per_channel_dense=False,
    seed=4,
)


if __name__ == "__main__":
    conversion.make(RECIPE)
