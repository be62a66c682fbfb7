"""L2_NORMALIZATION: one model layer → its checks, MACs, memory, reference result and C call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcusim import abi
from mcusim.model import Model, Op
from mcusim.nn.roots import l2_normalization_s8
from mcusim.operands import Array, int8_reason, int8_values, quantization, same_shape, word
from mcusim.requantization import fixed_output_reason
from mcusim.runtime import OpMemory, Runtime

KERNELS: tuple[str, ...] = ("mcusim_l2_normalization_s8",)

MOST_ELEMENTS = 33_025  # of a row: 255 ** 2 times as many are an int32


def check(model: Model, op: Op) -> str | None:
    """Why mcusim cannot run the layer, None if it can; BadModelError where its shapes disagree."""
    source, output = same_shape(model, op)
    if not 1 <= len(source.shape) <= 4:
        return f"{len(source.shape)} dimensions are not supported"
    if word(op, "fused_activation_function") != "NONE":
        return "a fused activation is not supported"
    if source.shape[-1] > MOST_ELEMENTS:
        return f"rows of more than {MOST_ELEMENTS:,} elements, whose sum of squares overflows, are not supported"
    return int8_reason(source, output) or fixed_output_reason(output, 1 / 128, 0)


def macs(model: Model, op: Op) -> int:
    """None: its sums are of squares."""
    return 0


def memory(model: Model, op: Op, runtime: Runtime) -> OpMemory:
    """What TFLM allocates: L2NormalizationParams is one int32, its options one enumeration."""
    same_shape(model, op)
    return OpMemory(builtin_data_bytes=1, builtin_data_alignment=1, init_bytes=4)


def reference(model: Model, op: Op, inputs: Sequence[Array | None]) -> tuple[Array, ...]:
    """The int8 output, in the input's shape; rows are along the last dimension."""
    source, _ = same_shape(model, op)
    output = np.empty(source.shape, np.int8)
    rows = (-1, source.shape[-1])
    values = int8_values(inputs[0]).reshape(rows)
    l2_normalization_s8(values, quantization(op, source).zero_point, output.reshape(rows))
    return (output,)


def invocation(model: Model, op: Op, runtime: Runtime) -> abi.Invocation:
    """mcusim_l2_normalization_s8."""
    source, output = same_shape(model, op)
    arguments: tuple[abi.Argument, ...] = (
        abi.TensorPointer(source.index),
        quantization(op, source).zero_point,
        source.elements // source.shape[-1],
        source.shape[-1],
        abi.TensorPointer(output.index),
    )
    return abi.Invocation((), (abi.Call("mcusim_l2_normalization_s8", arguments, checks_status=False),))
