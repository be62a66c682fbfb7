"""SOFTMAX: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mcusim import abi
from mcusim.fixedpoint import lookup_table, softmax_s16_scaling, softmax_scaling
from mcusim.model import Model, Op
from mcusim.nn.softmax import softmax_s8, softmax_s8_s16, softmax_s16
from mcusim.operands import Array, number, quantization, quantized_reason, same_shape, typed_values
from mcusim.requantization import LARGEST_SHIFT, fixed_output_reason
from mcusim.runtime import OpMemory, Runtime

# By the types of input and output: the C function, and the output's only scale and zero point.
_FUNCTIONS: Mapping[tuple[str, str], tuple[str, float, int]] = {
    ("int8", "int8"): ("arm_softmax_s8", 1 / 256, -128),
    ("int8", "int16"): ("arm_softmax_s8_s16", 1 / 65536, -32768),
    ("int16", "int16"): ("arm_softmax_s16", 1 / 32768, 0),
}
_NUMBA: Mapping[str, Callable[..., None]] = {"arm_softmax_s8": softmax_s8, "arm_softmax_s8_s16": softmax_s8_s16}
KERNELS: tuple[str, ...] = tuple(symbol for symbol, _, _ in _FUNCTIONS.values())

# Exponentials are summed as int32, of int8 inputs with 12 integer bits, of int16 inputs with 16; each is at most 1.
MOST_ELEMENTS: Mapping[str, int] = {"int8": 4_095, "int16": 65_535}
INT16_TOLERANCE = 1e-3  # relative, of the output's scale (TFLM, CalculateSoftmaxParams)
LUT_ENTRIES = 513  # of each of the two int16 tables that int16 inputs need (TFLM, kInt16LUTArraySize)


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if not source.shape:
        return "an input without dimensions is not supported"
    if (source.dtype, output.dtype) not in _FUNCTIONS:
        return f"{source.dtype} to {output.dtype} is not supported"
    for tensor in (source, output):
        if reason := quantized_reason((tensor.dtype,), tensor, shifted_int16=tensor is output):
            return reason
    _, scale, zero_point = _FUNCTIONS[source.dtype, output.dtype]
    tolerance = INT16_TOLERANCE if output.dtype == "int16" else 0.0
    if reason := fixed_output_reason(output, scale, zero_point, tolerance):
        return reason
    most = MOST_ELEMENTS[source.dtype]
    if source.shape[-1] > most:
        return f"rows of more than {most:,} elements, whose sum of exponentials overflows, are not supported"
    return _scaling_reason(model, op)


def _scaling_reason(model: Model, op: Op) -> str | None:
    """Why the input's scale and beta give no multiplier; None if they do."""
    try:
        shift = _scaling(model, op)[1]
    except ValueError as error:
        return str(error)
    return None if shift <= LARGEST_SHIFT + 1 else f"a left shift by {shift} bits is not supported"


def macs(model: Model, op: Op) -> int:
    """None: SOFTMAX has no dot products."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: tables of exp and 1 / (1 + x) for int16 inputs only."""
    source, _ = same_shape(model, op)
    return OpMemory(
        builtin_data_bytes=4,
        init_bytes=64 if runtime.kernels == "cmsis_nn" else 56,
        prepare_bytes=(2 * LUT_ENTRIES,) * 2 if source.dtype == "int16" else (),
    )


def _scaling(model: Model, op: Op) -> tuple[int, ...]:
    """mult and shift, and diff_min of int8 inputs."""
    source, _ = same_shape(model, op)
    beta, scale = number(op, "beta"), quantization(op, source).scale
    return softmax_s16_scaling(beta, scale) if source.dtype == "int16" else softmax_scaling(beta, scale)


@cache
def _tables() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """exp from −10 to 0 and 1 / (1 + x) from 0 to 1, as TFLM's Prepare fills them."""
    return lookup_table(math.exp, -10.0, 0.0), lookup_table(lambda x: 1 / (1 + x), 0.0, 1.0)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The output, in the input's shape; rows are along the last dimension."""
    source, output = same_shape(model, op)
    result = np.empty(output.shape, output.dtype)
    rows = (-1, source.shape[-1])
    values = typed_values(inputs[0], source.dtype).reshape(rows)
    if source.dtype == "int16":
        mult, shift = _scaling(model, op)
        softmax_s16(values, mult, shift, *_tables(), result.reshape(rows))
    else:
        symbol, _, _ = _FUNCTIONS[source.dtype, output.dtype]
        _NUMBA[symbol](values, *_scaling(model, op), result.reshape(rows))
    return (result,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """arm_softmax_s8, _s8_s16 or _s16."""
    source, output = same_shape(model, op)
    row_size = source.shape[-1]
    symbol, _, _ = _FUNCTIONS[source.dtype, output.dtype]
    is_s16 = source.dtype == "int16"
    tables = (abi.Struct((abi.PreparedPointer(0), abi.PreparedPointer(1))),) if is_s16 else ()
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        source.elements // row_size,
        row_size,
        *_scaling(model, op),
        *tables,
        abi.TensorPointer(output.index),
    )
    arrays = tuple(table.tobytes() for table in _tables()) if is_s16 else ()
    return abi.Invocation(arrays, (abi.Call(symbol, arguments, checks_status=is_s16),))
