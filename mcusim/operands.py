"""An operator of a model → its tensors and options with checked types, or a sentence that names the layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcusim.errors import BadModelError
from mcusim.model import Model, Op, Quantization, Tensor

Array = NDArray[np.generic]

# Types as CMSIS-NN names its functions for them.
SUFFIXES: Mapping[str, str] = {
    "int8": "s8",
    "uint8": "u8",
    "int16": "s16",
    "int32": "s32",
    "int64": "s64",
    "bool": "b8",
    "float32": "f32",
}


def layer_name(op: Op) -> str:
    """How messages name an operator: "layer 3 (CONV_2D)"."""
    return f"layer {op.index} ({op.name})"


def bad(op: Op, problem: str) -> BadModelError:
    """The refusal of an operator that cannot be what the file says."""
    return BadModelError(f"{layer_name(op)} {problem}")


def operand(model: Model, op: Op, position: int, role: str) -> Tensor:
    """Input tensor at a position; BadModelError where it is left out."""
    tensor = model.operand(op, position)
    if tensor is None:
        raise bad(op, f"has no {role}")
    return tensor


def result(model: Model, op: Op) -> Tensor:
    """The one output tensor; BadModelError where there is none or more."""
    if len(op.outputs) != 1 or op.outputs[0] < 0:
        raise bad(op, f"has {len(op.outputs)} outputs instead of one")
    return model.tensors[op.outputs[0]]


def results(model: Model, op: Op, count: int | None = None) -> tuple[Tensor, ...]:
    """All output tensors, `count` of them where that is known; BadModelError where there are none or others."""
    if not op.outputs or count not in (None, len(op.outputs)) or min(op.outputs) < 0:
        raise bad(op, f"has {len(op.outputs)} outputs instead of {'one or more' if count is None else count}")
    return tuple(model.tensors[index] for index in op.outputs)


def constant(model: Model, op: Op, position: int, role: str) -> NDArray[np.int32] | None:
    """The int32 values of an operand in one dimension; None where it is computed at run time or of another type."""
    tensor = operand(model, op, position, role)
    if tensor.data is None or tensor.dtype != "int32":
        return None
    return np.ascontiguousarray(tensor.data, np.int32).reshape(-1)


def integer(op: Op, option: str) -> int:
    """An integer option by its schema name; BadModelError where it is missing."""
    value = _option(op, option)
    if not isinstance(value, int):
        raise bad(op, f"has the value {value!r} for {option}; a whole number is expected")
    return int(value)


def number(op: Op, option: str) -> float:
    """A real option by its schema name; BadModelError where it is missing."""
    value = _option(op, option)
    if not isinstance(value, int | float):
        raise bad(op, f"has the value {value!r} for {option}; a number is expected")
    return float(value)


def word(op: Op, option: str) -> str:
    """An enumeration option by its schema name, as its name ("SAME"); BadModelError where it is missing."""
    value = _option(op, option)
    if not isinstance(value, str):
        raise bad(op, f"has the value {value!r} for {option}, which the schema does not know")
    return value


def _option(op: Op, option: str) -> object:
    if option not in op.options:
        raise bad(op, f"has no option {option}")
    return op.options[option]


def expect_shape(op: Op, tensor: Tensor, role: str, expected: tuple[int, ...]) -> None:
    """BadModelError unless the tensor has the shape that the operator's rule gives."""
    if tensor.shape != expected:
        raise bad(op, f"has an {role} of shape {list(tensor.shape)}; its inputs and options give {list(expected)}")


def same_shape(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output of an operator that works element by element; BadModelError where their shapes differ."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    expect_shape(op, output, "output", source.shape)
    return source, output


def rank_4(op: Op, tensor: Tensor, role: str) -> tuple[int, int, int, int]:
    """The shape of a tensor that must have four dimensions, none of them empty."""
    if len(tensor.shape) != 4 or 0 in tensor.shape:
        raise bad(op, f"has an {role} of shape {list(tensor.shape)}; four dimensions of 1 or more are expected")
    n, h, w, c = tensor.shape
    return n, h, w, c


def four_dimensions(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A shape of at most four dimensions, extended with 1 in front."""
    n, h, w, c = (1,) * (4 - len(shape)) + shape
    return n, h, w, c


def quantization(op: Op, tensor: Tensor) -> Quantization:
    """The quantization of a tensor that must have one, as `int8_reason` has checked."""
    if tensor.quantization is None:
        raise bad(op, f"needs the quantization of tensor {tensor.name!r}, which has none")
    return tensor.quantization


def int8_reason(*tensors: Tensor) -> str | None:
    """Why tensors cannot be int8 activations; None if all are int8, quantized per tensor, and not empty."""
    return quantized_reason(("int8",), *tensors)


def quantized_reason(dtypes: Sequence[str], *tensors: Tensor, shifted_int16: bool = False) -> str | None:
    """Why tensors cannot be activations of one of the types; None if all are of the same, as `int8_reason`.

    int16 has no zero point but where `shifted_int16` says so: TensorFlow Lite Micro's kernels take 0 only.
    """
    for tensor in tensors:
        if tensor.dtype not in dtypes:
            return f"{tensor.dtype} activations are not supported"
        if tensor.dtype != tensors[0].dtype:
            return f"{tensors[0].dtype} and {tensor.dtype} activations together are not supported"
        if tensor.quantization is None:
            return f"{tensor.dtype} tensor {tensor.name!r} has no quantization"
        if tensor.dtype == "int16" and not shifted_int16 and tensor.quantization.zero_point != 0:
            return f"int16 tensor {tensor.name!r} has a zero point other than 0, which is not supported"
        if tensor.quantization.per_channel:
            return f"activations quantized per channel ({tensor.name!r}) are not supported"
        if tensor.elements == 0:
            return f"tensor {tensor.name!r} is empty"
    return None


def same_quantization_reason(first: Tensor, second: Tensor, tolerance: float = 0.0) -> str | None:
    """Why two int8 tensors cannot share their stored values; None if scale (± tolerance) and zero point agree."""
    one, other = first.quantization, second.quantization
    assert one is not None and other is not None
    if abs(one.scale - other.scale) > tolerance or one.zero_point != other.zero_point:
        return f"different quantization of {first.name!r} and {second.name!r} is not supported"
    return None


def weights_reason(
    model: Model,
    op: Op,
    channel_axis: int,
    dtypes: Sequence[str] = ("int8",),
    bias_dtypes: Sequence[str] = ("int32",),
    bias_position: int = 2,
    *,
    symmetric: bool = True,
) -> str | None:
    """Why the weights and bias (inputs 1 and 2, or another) of a convolution or FULLY_CONNECTED cannot be used.

    They can when constant: weights of one of `dtypes` with zero points of 0 if they are to be `symmetric`, one scale
    or one a channel of `channel_axis`, and a bias of one of `bias_dtypes` or none.
    """
    weights, bias = operand(model, op, 1, "weights"), model.operand(op, bias_position)
    if weights.dtype not in dtypes:
        return f"{weights.dtype} weights are not supported"
    if not weights.is_constant or (bias is not None and not bias.is_constant):
        return "weights or bias computed at run time are not supported"
    if weights.quantization is None:
        return "weights without quantization are not supported"
    if symmetric and any(weights.quantization.zero_points):
        return "weights with a zero point other than 0 are not supported"
    if weights.quantization.per_channel and weights.quantization.axis != channel_axis:
        return f"weights quantized along axis {weights.quantization.axis} are not supported"
    if bias is not None and bias.dtype not in bias_dtypes:
        return f"an {bias.dtype} bias is not supported"
    return None


def bias_or_zeros(bias: Array | None, channels: int) -> NDArray[np.int32]:
    """The bias as the Numba kernels take it: int32, zeros for a missing one."""
    if bias is None:
        return np.zeros(channels, np.int32)
    return np.ascontiguousarray(bias, np.int32).reshape(-1)


def long_bias_or_zeros(bias: Array | None, channels: int) -> NDArray[np.int64]:
    """The same for int16 activations: int64."""
    return np.zeros(channels, np.int64) if bias is None else np.ascontiguousarray(bias, np.int64).reshape(-1)


def int8_values(value: Array | None) -> NDArray[np.int8]:
    """An operand that `check` has found to be int8 and present, contiguous and in its own shape."""
    assert value is not None and value.dtype == np.int8
    # NumPy gives a contiguous scalar one dimension.
    return np.ascontiguousarray(value, np.int8).reshape(value.shape)


def typed_values(value: Array | None, dtype: str) -> NDArray[Any]:
    """An operand that `check` has found to be of a type and present, contiguous and in its own shape."""
    assert value is not None and value.dtype == np.dtype(dtype)
    return np.ascontiguousarray(value).reshape(value.shape)


def int16_values(value: Array | None) -> NDArray[np.int16]:
    """The same of int16."""
    assert value is not None and value.dtype == np.int16
    return np.ascontiguousarray(value, np.int16).reshape(value.shape)


def values(value: Array | None) -> Array:
    """An operand that is present, contiguous and in its own shape."""
    assert value is not None
    return np.ascontiguousarray(value).reshape(value.shape)
