"""scikit-learn's handwritten digits -> models/digits_cnn.tflite and its held-out set models/digits_test.npz."""

from __future__ import annotations

import conversion
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tensorflow import keras

SEED = 8
TEST_SAMPLES = 450


def data() -> conversion.Dataset:
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8, 1) / 16.0).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        images, labels, test_size=TEST_SAMPLES, stratify=labels, random_state=SEED
    )
    return conversion.Dataset(train_x, train_y, test_x, test_y)


def architecture(batch_size: int | None) -> keras.Model:
    layers = keras.layers
    image = keras.Input((8, 8, 1), batch_size=batch_size, name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_1")(image)
    x = layers.MaxPooling2D(2, name="pool_1")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv_2")(x)
    x = layers.MaxPooling2D(2, name="pool_2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(10, name="dense")(x)
    return keras.Model(image, layers.Softmax(name="softmax")(x), name="digits_cnn")


RECIPE = conversion.Recipe(
    name="digits_cnn",
    about={
        "title": "Handwritten digits, 8×8",
        "architecture": "2 × (CONV_2D 3×3 ReLU + MAX_POOL_2D 2×2) of 16 and 32 channels, FULLY_CONNECTED 10, SOFTMAX",
        "source": "mcusim's own",
        "trained_on": (
            "the 1347 images of scikit-learn's load_digits that are not in digits_test.npz (a stratified split). "
            "Real data: the test part of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, "
            "UCI Machine Learning Repository 1998, https://doi.org/10.24432/C50P49, CC BY 4.0; "
            "as shipped in scikit-learn, BSD-3-Clause"
        ),
    },
    architecture=architecture,
    data=data,
    score=conversion.accuracy(
        f"models/digits_test.npz: {TEST_SAMPLES} held-out images of the same set and licence, int8"
    ),
    loss="sparse_categorical_crossentropy",
    epochs=40,
    batch_size=32,
    learning_rate=3e-3,
    per_channel_dense=True,
    seed=SEED,
)


def main() -> None:
    file = conversion.make(RECIPE)
    held_out = data()
    np.savez_compressed(
        conversion.MODELS / "digits_test.npz",
        inputs=conversion.quantize_input(file, held_out.test_inputs),
        labels=held_out.test_targets.astype(np.int8),
    )


if __name__ == "__main__":
    main()
