"""Arrays of samples and labels, and a model → its inputs as it stores them, and what its outputs are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.datasets import ArrayFile, open_arrays
from mcusim.errors import BadInputError, UnsupportedError, quoted, shown
from mcusim.model import Model, Quantization, Tensor
from mcusim.nn.quantize import quantize_f32
from mcusim.operands import Array
from mcusim.requantization import STORED_RANGE

# Names that arrays of samples and of labels go by, in the order in which they are looked for.
SAMPLE_NAMES = ("x", "inputs", "input", "x_test", "data", "samples", "images", "features")
LABEL_NAMES = ("labels", "y", "y_test", "label", "targets", "target")


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """The samples as a model stores them, [samples, *shape] an input; `clamped` values are beyond what it can."""

    inputs: tuple[Array, ...]
    clamped: int

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.inputs[0])

    @property
    def values(self) -> int:
        """How many values there are."""
        return sum(array.size for array in self.inputs)


def read_samples(file: ArrayFile, model: Model) -> list[Array]:
    """The arrays of a file that go into the model's inputs, in their order.

    An input takes the array of its tensor's name. A single input also takes the array that SAMPLE_NAMES know or, but
    for one of LABEL_NAMES, the only one; several inputs also take input_0, input_1, … or arr_0, arr_1, …
    """
    tensors = [model.tensors[index] for index in model.inputs]
    names = [_name_of(file, tensor, number, len(tensors)) for number, tensor in enumerate(tensors)]
    return [file.read(name) for name in names]


def _name_of(file: ArrayFile, tensor: Tensor, number: int, inputs: int) -> str:
    numbered = (f"input_{number}", f"arr_{number}")
    names: tuple[str, ...] = (tensor.name, *(() if inputs > 1 else SAMPLE_NAMES), *numbered)
    for name in names:
        if name in file.headers:
            return name
    others = [name for name in file.headers if name.lower() not in LABEL_NAMES]
    if inputs == 1 and len(others) == 1:
        return others[0]
    known = ", ".join(shown(name) for name in file.headers)
    expected = "x" if inputs == 1 else numbered[0]
    raise BadInputError(
        f"{file.path}: no array is named for input {quoted(tensor.name)} ({known} are there); name it {expected}"
    )


def read_labels(file: ArrayFile, asked: str | None) -> Array | None:
    """The labels: `asked` is an array of the samples' file or a file of its own; None takes one of LABEL_NAMES.

    None where nothing is asked for and there is none. BadInputError where what is asked for is not there.
    """
    if asked is None:
        name = next((name for name in LABEL_NAMES if name in file.headers), None)
        return None if name is None else file.read(name)
    if asked in file.headers:
        return file.read(asked)
    if not Path(asked).exists():
        known = ", ".join(shown(name) for name in file.headers if name) or "none with a name"
        raise BadInputError(f"--labels {asked} is neither a file nor an array of {file.path}; its arrays: {known}")
    other = open_arrays(asked)
    names = [name for name in LABEL_NAMES if name in other.headers] or list(other.headers)
    if len(names) > 1 and names[0] not in LABEL_NAMES:
        raise BadInputError(f"{asked}: which of {len(names)} arrays are the labels is not clear; name one labels")
    return other.read(names[0])


def stored_samples(model: Model, arrays: Sequence[Array]) -> Stored:
    """Samples, an array [samples, *shape] an input, as the model stores them.

    A dimension of extent 1 may be left out. Values of the input's own type are taken as they are; other numbers are
    real ones, and an integer input takes round(value / scale) + zero_point as TFLite's QUANTIZE has it, clamped to
    its type. BadInputError for other shapes, no samples, and what is not finite.
    """
    tensors = [model.tensors[index] for index in model.inputs]
    if len(arrays) != len(tensors):
        raise BadInputError(f"{model.name} takes {len(tensors)} inputs; samples of {len(arrays)} were given")
    if not tensors:
        raise UnsupportedError(f"{model.name} has no inputs, so that there is nothing to evaluate it on")
    shaped = [_shaped(tensor, array) for tensor, array in zip(tensors, arrays, strict=True)]
    counts = sorted({len(array) for array in shaped})
    if len(counts) > 1:
        raise BadInputError(f"the inputs have {counts[0]:,} and {counts[-1]:,} samples; as many for each are expected")
    if counts[0] == 0:
        raise BadInputError("there are no samples: the first dimension of the data is 0")
    pairs = [_stored(tensor, array) for tensor, array in zip(tensors, shaped, strict=True)]
    return Stored(tuple(array for array, _ in pairs), sum(clamped for _, clamped in pairs))


def _shaped(tensor: Tensor, array: Array) -> Array:
    """[samples, *shape], whatever extents of 1 the samples lack or have too many."""
    if array.dtype.kind not in "biuf":
        raise BadInputError(f"the samples of input {quoted(tensor.name)} are {array.dtype}; numbers are expected")
    wanted = tuple(extent for extent in tensor.shape if extent != 1)
    given = tuple(extent for extent in array.shape[1:] if extent != 1)
    if array.ndim == 0 or wanted != given:
        shape = ", ".join(["samples", *map(str, tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape)])
        raise BadInputError(
            f"the samples of input {quoted(tensor.name)} have the shape {list(array.shape)}; [{shape}] is expected"
        )
    return array.reshape(len(array), *tensor.shape)


def _stored(tensor: Tensor, array: Array) -> tuple[Array, int]:
    """Values as the tensor stores them, and how many of them are clamped."""
    if str(array.dtype) == tensor.dtype and array.dtype.kind != "f":
        return array, 0
    if array.dtype.kind == "f" and not np.isfinite(array.astype(np.float64)).all():
        wrong = int((~np.isfinite(array.astype(np.float64))).sum())
        first = int(np.flatnonzero(~np.isfinite(array.reshape(len(array), -1).astype(np.float64)).all(axis=1))[0])
        raise BadInputError(
            f"{wrong:,} values of input {quoted(tensor.name)} are infinite or no numbers, in sample {first} first"
        )
    if tensor.dtype == "float32":
        return array.astype(np.float32), 0
    if tensor.dtype in STORED_RANGE and tensor.quantization is not None:
        return quantized(array, tensor.quantization, tensor.dtype)
    whole = array.astype(np.dtype(tensor.dtype))
    if not np.array_equal(whole.astype(np.float64), array.astype(np.float64)):
        raise BadInputError(
            f"input {quoted(tensor.name)} is {tensor.dtype} without a scale; the samples have values beyond it"
        )
    return whole, 0


def quantized(array: Array, of: Quantization, dtype: str) -> tuple[Array, int]:
    """Real values as integers, and how many of them are more than half a step beyond the type's limits."""
    least, greatest = STORED_RANGE[dtype]
    real: NDArray[Any] = array.astype(np.float32).reshape(-1)
    output = np.empty(real.size, np.dtype(dtype))
    quantize_f32(real, float(of.scale), of.zero_point, least, greatest, output)
    steps = real / np.float32(of.scale) + np.float32(of.zero_point)
    clamped = int(((steps < least - 0.5) | (steps > greatest + 0.5)).sum())
    return output.reshape(array.shape), clamped


def real_values(array: Array, tensor: Tensor) -> NDArray[np.float64]:
    """The values that a tensor's stored ones stand for; those of one without a scale as they are."""
    values = array.astype(np.float64)
    if tensor.quantization is None or array.dtype.kind == "f":
        return values
    return (values - tensor.quantization.zero_point) * tensor.quantization.scale
