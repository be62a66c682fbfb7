"""A model's row (words, figures, file) -> MODELS.toml with that row in its place, the others as they were."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

Value = str | int | float | list[int]

HEAD = """\
# The bundled models, one table each. Written by the scripts in models/build/ (`python models/build/all.py`);
# change the scripts, not this file.
# The architectures are published ones (but for digits_cnn); the weights are mcusim's own, trained by those scripts on
# the data that `trained_on` names. They are NOT the published MLPerf Tiny weights; no score here
# says anything about a score there.
# `score` is that of the int8 file, computed with TensorFlow Lite's reference kernels on data held out of training.
# Quantization: int8 activations, input and output; convolutions per channel; FULLY_CONNECTED per tensor as in the
# published files, but per channel (the converter's default since) in digits_cnn. The converter drops the RESHAPE that
# the published files have between AVERAGE_POOL_2D and FULLY_CONNECTED.
"""
COLUMNS = (
    "file",
    "title",
    "architecture",
    "source",
    "trained_on",
    "metric",
    "score",
    "test_set",
    "licence",
    "sha256",
    "bytes",
    "macs",
    "input_shape",
    "made_by",
    "tensorflow",
)


def write_row(catalogue: Path, name: str, row: dict[str, Value], file: bytes) -> None:
    """Puts a row into the catalogue, with the size and SHA-256 of its file; KeyError where a column is missing."""
    rows = tomllib.loads(catalogue.read_text(encoding="utf-8")) if catalogue.exists() else {}
    facts = {"file": f"{name}.tflite", "sha256": hashlib.sha256(file).hexdigest(), "bytes": len(file), "licence": "MIT"}
    rows[name] = {**row, **facts}
    text = HEAD
    for key in sorted(rows):
        text += f"\n[{key}]\n"
        for column in COLUMNS:
            # A JSON string, number or list of numbers is TOML too.
            text += f"{column} = {json.dumps(rows[key][column], ensure_ascii=False)}\n"
    catalogue.write_text(text, encoding="utf-8")
