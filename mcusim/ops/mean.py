"""MEAN: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mcusim import abi
from mcusim.fixedpoint import fold_count, quantize_multiplier
from mcusim.model import Model, Op
from mcusim.nn.reduce import mean_s8, mean_s16
from mcusim.operands import Array, four_dimensions, quantization, quantized_reason, values
from mcusim.reduction import (
    axes_reason,
    reduced_arguments,
    reduced_axes,
    reduced_of_4,
    reduced_tensors,
    reduction_memory,
)
from mcusim.requantization import ratio_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_mean_s8", "mcusim_mean_s16")

NUMBA: Mapping[str, Callable[..., None]] = {"int8": mean_s8, "int16": mean_s16}


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, _, output = reduced_tensors(model, op)
    reason = axes_reason(model, op) or quantized_reason(("int8", "int16"), source, output)
    return reason or ratio_reason([quantization(op, source).scale / quantization(op, output).scale])


def macs(model: Model, op: Op) -> int:
    """None: sums are no multiply-accumulates."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates."""
    return reduction_memory(model, op, sums=True)


def _scaling(model: Model, op: Op) -> tuple[int, int]:
    """Multiplier and shift of a sum; for MEAN the number of elements is folded into them."""
    source, _, output = reduced_tensors(model, op)
    scaling = quantize_multiplier(quantization(op, source).scale / quantization(op, output).scale)
    if op.name == "SUM":
        return scaling
    return fold_count(*scaling, math.prod(source.shape[axis] for axis in reduced_axes(model, op)))


def _scalars(model: Model, op: Op) -> tuple[int, int, int, int]:
    """input_zero_point, multiplier, shift and output_zero_point."""
    source, _, output = reduced_tensors(model, op)
    zero_points = quantization(op, source).zero_point, quantization(op, output).zero_point
    return zero_points[0], *_scaling(model, op), zero_points[1]


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The means (or sums) in the output tensor's type and shape."""
    source, _, output = reduced_tensors(model, op)
    means = np.empty(output.elements, np.dtype(output.dtype))
    added = values(inputs[0]).reshape(four_dimensions(source.shape))
    NUMBA[output.dtype](added, np.array(reduced_of_4(model, op), np.int32), *_scalars(model, op), means)
    return (means.reshape(output.shape),)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_mean_s8 or mcusim_mean_s16 with its sums in the first scratch request."""
    _, _, output = reduced_tensors(model, op)
    arguments = (
        *reduced_arguments(model, op),
        abi.ScratchPointer(0),
        *_scalars(model, op),
        abi.TensorPointer(output.index),
    )
    symbol = f"mcusim_mean_{'s8' if output.dtype == 'int8' else 's16'}"
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))
