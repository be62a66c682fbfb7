"""A layer of AVERAGE_POOL_2D or MAX_POOL_2D → what the two have in common: shapes, memory, arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mcusim import abi
from mcusim.geometry import Window, window
from mcusim.model import Model, Op
from mcusim.operands import (
    Array,
    expect_shape,
    integer,
    operand,
    quantization,
    quantized_reason,
    rank_4,
    result,
    same_quantization_reason,
    values,
)
from mcusim.requantization import activation_range, activation_reason
from mcusim.runtime import OpMemory, Runtime

SCALE_TOLERANCE = 1e-6  # how far the scales of input and output may differ (TensorFlow Lite, pooling.cc)


def pool_window(model: Model, op: Op) -> Window:
    """The window of the layer; BadModelError where its shapes and options disagree."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    n, h, w, c = rank_4(op, source, "input")
    pool = window(op, h, w, integer(op, "filter_height"), integer(op, "filter_width"), dilated=False)
    expect_shape(op, output, "output", (n, pool.output_h, pool.output_w, c))
    return pool


def pool_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    pool_window(model, op)
    source, output = operand(model, op, 0, "input"), result(model, op)
    return (
        quantized_reason(("int8", "int16"), source, output)
        or same_quantization_reason(source, output, SCALE_TOLERANCE)
        or activation_reason(op)
    )


def pool_memory(model: Model, op: Op, runtime: Runtime, cmsis_scratch_bytes: int) -> OpMemory:
    """What TFLM allocates; only CMSIS-NN's kernels ask for scratch."""
    pool_window(model, op)
    cmsis = runtime.kernels == "cmsis_nn"
    return OpMemory(
        builtin_data_bytes=40,
        init_bytes=36 if cmsis else 32,
        scratch_bytes=(cmsis_scratch_bytes,) if cmsis and cmsis_scratch_bytes else (),
    )


def pool_arguments(model: Model, op: Op) -> tuple[int, int, int, int, int, int, int, int]:
    """filter_h … pad_w, activation_min, activation_max of the Numba kernels."""
    pool = pool_window(model, op)
    output = result(model, op)
    least, greatest = activation_range(op, quantization(op, output), output.dtype)
    sizes = (pool.filter_h, pool.filter_w, pool.stride_h, pool.stride_w, pool.pad_h, pool.pad_w)
    return *sizes, least, greatest


def pool_reference(
    model: Model, op: Op, kernel: Callable[..., None], inputs: Sequence[Array | None]
) -> tuple[Array, ...]:
    """The output [n, h, w, c] of a Numba kernel for the one operand."""
    output = result(model, op)
    pooled = np.empty(output.shape, np.dtype(output.dtype))
    kernel(values(inputs[0]), *pool_arguments(model, op), pooled)
    return (pooled,)


def pool_invocation(
    model: Model, op: Op, symbol: str, scratch_bytes: tuple[int, ...], sizing: tuple[abi.Call, ...] = ()
) -> abi.Invocation:
    """A call of one of CMSIS-NN's pooling functions, {symbol}_s8 or _s16, which take the same arguments."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    filter_h, filter_w, stride_h, stride_w, pad_h, pad_w, least, greatest = pool_arguments(model, op)
    call = abi.Call(
        f"{symbol}_{'s8' if source.dtype == 'int8' else 's16'}",
        (
            abi.context(abi.ScratchPointer(0), scratch_bytes[0]) if scratch_bytes else abi.context(None, 0),
            abi.pool_params((stride_h, stride_w), (pad_h, pad_w), (least, greatest)),
            abi.dims(*rank_4(op, source, "input")),
            abi.TensorPointer(source.index),
            abi.dims(1, filter_h, filter_w, 1),
            abi.dims(*rank_4(op, output, "output")),
            abi.TensorPointer(output.index),
        ),
        sizing=sizing,
    )
    return abi.Invocation((), (call,))
